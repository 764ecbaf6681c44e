// What the router decides for one request: which logs are asked, in which order, and what for.
//
// Thread rule: plain values.
#pragma once

#include <cstdint>
#include <vector>

#include "keytrans/types.h"

namespace kt::routing {

// What is asked of a label. A search for a fixed version is not routed: it names its log, because
// version numbers begin anew in each.
enum class Operation : std::uint8_t { search, update, monitor };

// What becomes of a log's answer.
enum class Role : std::uint8_t {
  authority,  // it is the answer to the request
  // While labels move from one log to another (migration/policy.h):
  successor,    // it is the answer if and only if the one before says that the label has moved here
  predecessor,  // it is told that the label has moved to the log before
};

struct RoutedLog {
  LogId log;
  Role role;

  friend bool operator==(const RoutedLog&, const RoutedLog&) = default;
};

// In the order in which the logs are asked, never empty.
using Route = std::vector<RoutedLog>;

}  // namespace kt::routing
