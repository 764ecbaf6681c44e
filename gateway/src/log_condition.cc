#include "log_condition.h"

#include <algorithm>

namespace kt::gateway {
namespace {

using keytrans::DeploymentMode;
using log::Trouble;

constexpr double kHeadPart = 0.6;
constexpr double kAuditorPart = 0.5;
constexpr double kDatabasePart = 0.8;

bool is_above(std::uint64_t amount, double part, std::uint64_t whole) {
  return static_cast<double>(amount) > part * static_cast<double>(whole);
}

void judge_head(const keytrans::Configuration& wire, const log::LogState& state, Timestamp now,
                std::vector<Condition>& found) {
  if (!state.rightmost_timestamp) {
    found.push_back({Severity::failing, "head", "there is no entry yet"});
    return;
  }
  const std::uint64_t age = elapsed_ms(*state.rightmost_timestamp, now);
  if (age > wire.max_behind) {
    found.push_back({Severity::failing, "head", "the newest entry is older than max_behind"});
  } else if (is_above(age, kHeadPart, wire.max_behind)) {
    found.push_back({Severity::warning, "head", "a new entry is overdue"});
  }
}

void judge_trouble(Trouble trouble, std::vector<Condition>& found) {
  switch (trouble) {
    case Trouble::none: break;
    case Trouble::storage:
    case Trouble::failed:
      found.push_back({Severity::failing, "store", "the last write failed"});
      break;
    case Trouble::clock_behind:
      found.push_back({Severity::warning, "clock",
                       "the machine's clock has stepped back, and the log does not grow"});
      break;
    case Trouble::clock_ahead:
      found.push_back({Severity::warning, "clock",
                       "the machine's clock has leapt ahead, and the log does not grow"});
      break;
    case Trouble::auditor_lags:
      found.push_back(
          {Severity::warning, "auditor", "the auditor is late, and updates are refused"});
      break;
  }
}

void judge_auditor(const keytrans::Configuration& wire, const log::LogState& state,
                   std::vector<Condition>& found) {
  if (state.trouble == Trouble::auditor_lags) return;  // that is said already
  if (!state.audited) {
    found.push_back(
        {Severity::warning, "auditor", "the auditor has not signed yet, and updates are refused"});
  } else if (state.audited_timestamp && state.rightmost_timestamp &&
             is_above(elapsed_ms(*state.audited_timestamp, *state.rightmost_timestamp),
                      kAuditorPart, wire.max_auditor_lag)) {
    found.push_back({Severity::warning, "auditor", "the auditor is far behind"});
  }
}

}  // namespace

std::vector<Condition> find_conditions(const keytrans::LogConfiguration& log,
                                       const log::LogState& state, Timestamp now) {
  std::vector<Condition> found;
  judge_trouble(state.trouble, found);
  // One that is sealed is not to grow, or to stay fresh.
  if (!state.is_sealed) judge_head(log.wire(), state, now, found);
  if (!state.is_sealed && log.mode() == DeploymentMode::thirdPartyAuditing)
    judge_auditor(log.wire(), state, found);
  if (is_above(state.usage.used, kDatabasePart, state.usage.limit))
    found.push_back({Severity::warning, "database", "the database is nearly full"});
  if (state.pruning_failed)
    found.push_back({Severity::warning, "pruning", "what has expired could not be given up"});
  std::stable_partition(found.begin(), found.end(), [](const Condition& condition) {
    return condition.severity == Severity::failing;
  });
  return found;
}

}  // namespace kt::gateway
