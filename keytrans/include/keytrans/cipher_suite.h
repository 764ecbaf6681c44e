// The cipher suites of "KT Cipher Suites" and their parameters.
//
// Thread rule: constants.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace kt::keytrans {

enum class CipherSuite : std::uint16_t {
  KT_128_SHA256_P256 = 0x0001,
  KT_128_SHA256_Ed25519 = 0x0002,
};

// Parameters both suites share.
inline constexpr std::size_t kHashSize = 32;       // Hash.Nh
inline constexpr std::size_t kVrfOutputSize = 32;  // VRF.Nh
inline constexpr std::size_t kOpeningSize = 16;    // Nc

// VRF.Np, the size of a VRF proof in bytes.
[[nodiscard]] constexpr std::size_t vrf_proof_size(CipherSuite suite) {
  return suite == CipherSuite::KT_128_SHA256_P256 ? 81 : 80;
}

[[nodiscard]] constexpr std::string_view to_string(CipherSuite suite) {
  return suite == CipherSuite::KT_128_SHA256_P256 ? "KT_128_SHA256_P256" : "KT_128_SHA256_Ed25519";
}

}  // namespace kt::keytrans
