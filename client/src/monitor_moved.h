// What there is to monitor of labels that move, or have moved, from a log to another one. Internal.
//
// Thread rule: that of a Session.
#pragma once

#include "client/monitor.h"

namespace kt::client {

// Follows the logs of a domain that labels move from, and takes over what is owned there. Adds to
// `report` what was to be done.
Result<void> monitor_moved(const Session& session, const KnownDomain& domain,
                           MonitorReport& report);

// Whether nothing is to be monitored in a log any more. `domain` is the trusted one that has it,
// null when there is none.
Result<bool> has_ended(const Session& session, const KnownDomain* domain, const LogId& log);

}  // namespace kt::client
