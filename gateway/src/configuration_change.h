// What of a configuration cannot change while a gateway runs: the keys that configuration_keys.h
// says need a restart. Internal.
//
// Thread rule: pure functions.
#pragma once

#include <optional>
#include <string>

#include "configuration.h"

namespace kt::gateway {

// The first such key that is set to something else in `after`, like "listen.address". Logs play no
// part.
[[nodiscard]] std::optional<std::string> find_fixed_change(GatewayConfiguration before,
                                                           GatewayConfiguration after);

// The same of one log.
[[nodiscard]] std::optional<std::string> find_fixed_change(const ServedLogConfiguration& before,
                                                           const ServedLogConfiguration& after);

}  // namespace kt::gateway
