// Both cipher suites as GoogleTest parameters.
#pragma once

#include <string>

#include <gtest/gtest.h>

#include "keytrans/cipher_suite.h"

namespace kt::keytrans {

inline constexpr CipherSuite kP256Suite = CipherSuite::KT_128_SHA256_P256;
inline constexpr CipherSuite kEd25519Suite = CipherSuite::KT_128_SHA256_Ed25519;

[[nodiscard]] constexpr CipherSuite other_suite(CipherSuite suite) {
  return suite == kP256Suite ? kEd25519Suite : kP256Suite;
}

[[nodiscard]] inline std::string suite_name(const ::testing::TestParamInfo<CipherSuite>& info) {
  return info.param == kP256Suite ? "P256" : "Ed25519";
}

}  // namespace kt::keytrans
