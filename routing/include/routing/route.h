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
};

struct RoutedLog {
  LogId log;
  Role role;

  friend bool operator==(const RoutedLog&, const RoutedLog&) = default;
};

// In the order in which the logs are asked, never empty.
using Route = std::vector<RoutedLog>;

}  // namespace kt::routing
