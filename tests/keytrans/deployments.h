// Every deployment mode under every cipher suite, as GoogleTest parameters, and how a refusal is
// looked at.
#pragma once

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "keytrans/client_state.h"
#include "specimen.h"
#include "suites.h"
#include "test_log.h"

namespace kt::keytrans {

struct Deployment {
  CipherSuite suite;
  DeploymentMode mode;

  [[nodiscard]] bool is_managed() const { return mode == DeploymentMode::thirdPartyManagement; }
  [[nodiscard]] bool is_audited() const { return mode == DeploymentMode::thirdPartyAuditing; }
};

[[nodiscard]] inline std::vector<Deployment> all_deployments() {
  std::vector<Deployment> deployments;
  for (const DeploymentMode mode :
       {DeploymentMode::contactMonitoring, DeploymentMode::thirdPartyManagement,
        DeploymentMode::thirdPartyAuditing}) {
    for (const CipherSuite suite : {kP256Suite, kEd25519Suite})
      deployments.push_back({suite, mode});
  }
  return deployments;
}

[[nodiscard]] inline std::string deployment_name(
    const ::testing::TestParamInfo<Deployment>& parameter) {
  const std::string suite = parameter.param.suite == kP256Suite ? "P256" : "Ed25519";
  if (parameter.param.is_managed()) return "Management" + suite;
  return (parameter.param.is_audited() ? "Auditing" : "ContactMonitoring") + suite;
}

// The error with which `state` refuses `response`, which has changed nothing.
template <class Request, class Response>
[[nodiscard]] Error refusal(const ClientState& state, const Request& request,
                            const Response& response, Timestamp now) {
  const Bytes stored = must(state.serialize());
  const auto verified = state.verify(request, response, now);
  EXPECT_EQ(must(state.serialize()), stored);
  EXPECT_FALSE(verified.has_value()) << "accepted";
  return verified ? Error{Errc::corrupt, "accepted"} : verified.error();
}

// The error of a result that is one.
template <class T>
[[nodiscard]] Error error_of(const Result<T>& result) {
  EXPECT_FALSE(result.has_value()) << "accepted";
  return result ? Error{Errc::corrupt, "accepted"} : result.error();
}

// Expects an error of `code` that speaks of `about`, and gives nothing away.
inline void expect_error(const Error& error, Errc code, std::string_view about) {
  EXPECT_EQ(error.code, code) << error.detail;
  EXPECT_NE(error.detail.find(about), std::string::npos)
      << "'" << error.detail << "' does not speak of '" << about << "'";
  EXPECT_EQ(error.detail.find(kSecretWord), std::string::npos) << error.detail;
}

}  // namespace kt::keytrans
