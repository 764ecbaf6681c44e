// What a gateway itself has in the logs of its domains: the values of labels that are reserved.
// Internal.
//
// Blocking. Thread rule: any thread.
#pragma once

#include <atomic>
#include <optional>

#include "hosting.h"
#include "keytrans/bytes.h"
#include "keytrans/types.h"

namespace kt::gateway {

// What `log` has under `label`, as it says. Nothing when it has nothing.
// Errors: those of migration::LabelLog::read().
Result<std::optional<migration::GreatestVersion>> read_reserved(const HostedLog& log,
                                                                const Label& label);

// Puts `value` under `label` into `log`, unless it is there. Blocks until the log has taken it, or
// where it is in this process until `is_stopped`, which another thread may set.
// Errors: those of read_reserved() and of the log; conflict when somebody else has put another
// value there meanwhile; unavailable when it was stopped.
Result<void> put_reserved(const HostedLog& log, const Label& label, const Bytes& value,
                          const std::atomic<bool>& is_stopped);

}  // namespace kt::gateway
