// A log on disk that worlds can be built on: it makes the entries it is told to, at the times it is
// told.
#pragma once

#include <memory>

#include "growing_log.h"

namespace kt::log {

// A new log in a scratch directory of its own, whose first entry has `start`. The public keys of
// `configuration` are filled in.
[[nodiscard]] std::unique_ptr<keytrans::GrowingLog> make_stored_log(
    const keytrans::Configuration& configuration, Timestamp start);

}  // namespace kt::log
