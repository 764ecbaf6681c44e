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

// Each label to the one of `logs` that federation::find_shard() finds. Errors: those of
// federation::make_shards().
Result<std::unique_ptr<const Policy>> make_sharded(std::vector<LogId> logs);

}  // namespace kt::routing
