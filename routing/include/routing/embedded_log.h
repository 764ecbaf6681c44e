// A log in this process.
//
// Thread rule: a pure function.
#pragma once

#include <memory>

#include "log/log.h"
#include "routing/log_service.h"

namespace kt::routing {

// Reads are answered on the caller's thread, from a view of the log. Borrows `log`, which may go
// while updates are awaited: it answers them then.
[[nodiscard]] std::unique_ptr<LogService> make_embedded(log::Log& log);

}  // namespace kt::routing
