// One honest message of every operation, in every way an operation can go, for tests that tamper
// with it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "keytrans/cipher_suite.h"
#include "keytrans/messages.h"
#include "specimen.h"

namespace kt::keytrans {

// A kind of message: an operation, the state of the user, and where the algorithm ends.
struct TamperKind {
  std::string name;
  std::unique_ptr<Specimen> (*make)(CipherSuite, DeploymentMode);
  // Whether it is tried under both suites in each mode, or under one of them in turn: what takes
  // long and goes another way only through code that does not know of suites.
  bool both_suites;
  std::optional<DeploymentMode> only_in;
};

[[nodiscard]] const std::vector<TamperKind>& tamper_kinds();

// A kind, for one suite and one mode: a test parameter.
struct TamperCase {
  const TamperKind* kind;
  CipherSuite suite;
  DeploymentMode mode;

  [[nodiscard]] std::unique_ptr<Specimen> make() const { return kind->make(suite, mode); }
  [[nodiscard]] std::string name() const;
};

[[nodiscard]] std::vector<TamperCase> tamper_cases();

[[nodiscard]] inline std::string tamper_case_name(
    const ::testing::TestParamInfo<TamperCase>& parameter) {
  return parameter.param.name();
}

}  // namespace kt::keytrans
