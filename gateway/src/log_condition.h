// What is wrong with a log, judged in one place: for readiness, and for the status page. Internal.
//
// The limits are those of the alarms in docs/operations.md.
//
// Thread rule: pure functions.
#pragma once

#include <string_view>
#include <vector>

#include "log/log.h"

namespace kt::gateway {

enum class Severity : std::uint8_t {
  failing,  // it cannot answer, or users refuse its answers
  warning,  // it answers, and somebody has to look after it
};

struct Condition {
  Severity severity;
  std::string_view check;   // what of it
  std::string_view reason;  // in words that everybody may read
};

// Failing ones first; none when all is well.
[[nodiscard]] std::vector<Condition> find_conditions(const keytrans::LogConfiguration& log,
                                                     const log::LogState& state, Timestamp now);

}  // namespace kt::gateway
