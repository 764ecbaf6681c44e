// Whether a gateway can do its work: what /readyz says. Internal.
//
// Asks nothing but what the gateway's own logs know of themselves, and no other party.
//
// Thread rule: any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hosting.h"

namespace kt::gateway {

// A check that failed.
struct Unready {
  // "store": what a log was last to write could not be written. "head": users refuse the newest
  // entry of a log for its age, or there is none yet.
  std::string_view check;
  std::string log;  // its alias
  std::string_view reason;
};

// In the order of `logs`; none when all can answer.
[[nodiscard]] std::vector<Unready> find_unready(const std::vector<HostedLog>& logs, Timestamp now);

}  // namespace kt::gateway
