// What a gateway itself has in the logs of its domains: the values of labels that are reserved.
// Internal.
//
// Blocking. Thread rule: any thread.
#pragma once

#include <atomic>
#include <optional>

#include "keytrans/bytes.h"
#include "keytrans/types.h"
#include "log/log.h"

namespace kt::gateway {

struct LoggedValue {
  Version version;
  Bytes value;
};

// What `log` has under `label`. Nothing when it has nothing.
// Errors: those of Log::view() and of prove_search().
Result<std::optional<LoggedValue>> read_reserved(const log::Log& log, const Label& label);

// Puts `value` under `label` into `log`, unless it is there. Blocks until the log has taken it, or
// `is_stopped`, which another thread may set.
// Errors: those of read_reserved() and of the log; conflict when somebody else has put another
// value there meanwhile; unavailable when it was stopped.
Result<void> put_reserved(log::Log& log, const Label& label, const Bytes& value,
                          const std::atomic<bool>& is_stopped);

}  // namespace kt::gateway
