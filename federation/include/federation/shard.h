// Which of a domain's logs has a label, where the domain spreads its labels over several.
//
// Thread rule: pure functions.
#pragma once

#include <cstddef>
#include <vector>

#include "keytrans/types.h"

namespace kt::federation {

// The views of a routed request have room for one of each log.
inline constexpr std::size_t kMaxShards = 255;

// `logs` in ascending order. Errors: rejected for fewer than two, more than kMaxShards, or one that
// is there twice.
Result<std::vector<LogId>> make_shards(std::vector<LogId> logs);

// Rendezvous hashing: the log with the greatest SHA-256(log_id || label), as a number with the most
// significant byte first. The order of `logs` does not matter, and a log that comes or goes moves
// no labels but its own. Requires: not empty.
[[nodiscard]] LogId find_shard(const std::vector<LogId>& logs, const Label& label);

}  // namespace kt::federation
