// The systemd unit of a gateway. Internal.
#pragma once

#include <filesystem>
#include <string>

#include "keytrans/result.h"

namespace kt::gateway {

struct ServiceUnit {
  std::filesystem::path program;
  std::filesystem::path configuration;
  std::filesystem::path directory;  // that the gateway may write to
  std::string user;
};

// packaging/ktgate.service.in, filled in.
// Errors: malformed for a path that is not absolute, or has to be quoted: units, shells and people
// each quote in their own way.
Result<std::string> service_unit(const ServiceUnit& unit);

}  // namespace kt::gateway
