// What a new log is when nobody says otherwise. Internal.
#pragma once

#include "keytrans/messages.h"

namespace kt::gateway {

// The defaults of `ktgate log create`, without keys.
[[nodiscard]] keytrans::Configuration default_log_configuration();

}  // namespace kt::gateway
