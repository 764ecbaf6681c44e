// How cipher suites and deployment modes are called on the command line and in what is printed.
// Internal.
#pragma once

#include <map>
#include <string>

#include "keytrans/messages.h"

namespace kt::gateway {

inline const std::map<std::string, keytrans::CipherSuite> kSuites{
    {"p256", keytrans::CipherSuite::KT_128_SHA256_P256},
    {"ed25519", keytrans::CipherSuite::KT_128_SHA256_Ed25519}};

inline const std::map<std::string, keytrans::DeploymentMode> kModes{
    {"contact-monitoring", keytrans::DeploymentMode::contactMonitoring},
    {"third-party-management", keytrans::DeploymentMode::thirdPartyManagement},
    {"third-party-auditing", keytrans::DeploymentMode::thirdPartyAuditing}};

[[nodiscard]] inline std::string name_of(keytrans::CipherSuite suite) {
  for (const auto& [name, value] : kSuites) {
    if (value == suite) return name;
  }
  return "unknown";
}

[[nodiscard]] inline std::string name_of(keytrans::DeploymentMode mode) {
  for (const auto& [name, value] : kModes) {
    if (value == mode) return name;
  }
  return "unknown";
}

}  // namespace kt::gateway
