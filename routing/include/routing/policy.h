// How the requests of a domain are spread over its logs.
//
// A new policy is an implementation of this interface, in the folder that knows what it is for, and
// with it the roles that it gives to logs. Nothing else here knows which policies there are.
//
// Thread rule: immutable, so any thread.
#pragma once

#include <memory>
#include <vector>

#include "keytrans/result.h"
#include "routing/route.h"

namespace kt::routing {

class Policy {
 public:
  Policy() = default;
  Policy(const Policy&) = delete;
  Policy& operator=(const Policy&) = delete;
  virtual ~Policy() = default;

  [[nodiscard]] virtual Route route(Operation operation, const Label& label) const = 0;

  // All logs that routes may lead to.
  [[nodiscard]] virtual std::vector<LogId> logs() const = 0;
};

// Everything to one log.
[[nodiscard]] std::unique_ptr<const Policy> make_single(const LogId& log);

// The views of a routed request have room for one of each log.
inline constexpr std::size_t kMaxShards = 255;

// Each label to the one of `logs` that find_shard() finds. Errors: rejected for fewer than two
// logs, more than kMaxShards, or one that is there twice.
Result<std::unique_ptr<const Policy>> make_sharded(std::vector<LogId> logs);

// Rendezvous hashing: the log with the greatest SHA-256(log_id || label), as a number with the most
// significant byte first. The order of `logs` does not matter, and a log that comes or goes moves
// no labels but its own. Requires: not empty.
[[nodiscard]] LogId find_shard(const std::vector<LogId>& logs, const Label& label);

}  // namespace kt::routing
