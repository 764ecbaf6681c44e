#include "padding.h"

#include <limits>

namespace kt::log {
namespace {

using keytrans::DeploymentMode;

// So that what an entry takes of memory is bounded.
constexpr std::size_t kMaxFakes = 10'000;

}  // namespace

Result<void> check_padding(const keytrans::Configuration& configuration,
                           const LogOptions::Padding& padding) {
  if ((padding.interval.count() == 0) != (padding.pairs == 0))
    return fail(Errc::rejected, "padding needs an interval and a number of pairs, or neither");
  if (padding.pairs > most_leaves(configuration.mode))
    return fail(Errc::rejected, "padding has more pairs than one log entry may have: " +
                                    std::to_string(most_leaves(configuration.mode)));
  if (padding.interval < std::chrono::milliseconds(0) || padding.interval > std::chrono::days(1))
    return fail(Errc::rejected, "padding's interval is negative or longer than a day");
  if (static_cast<std::uint64_t>(padding.interval.count()) > configuration.max_behind / 2)
    return fail(Errc::rejected,
                "padding's interval is longer than half of max_behind, so that "
                "users would find the newest entry too old");
  return {};
}

std::size_t most_leaves(DeploymentMode mode) {
  return mode == DeploymentMode::thirdPartyAuditing ? kMaxAuditedLeaves : kMaxFakes;
}

std::size_t most_versions(DeploymentMode mode, const LogOptions::Padding& padding) {
  if (mode != DeploymentMode::thirdPartyAuditing) return std::numeric_limits<std::size_t>::max();
  return padding.pairs == 0 ? kMaxAuditedLeaves
                            : kMaxAuditedLeaves - kMaxAuditedLeaves % padding.pairs;
}

std::size_t fakes_beside(std::size_t versions, const LogOptions::Padding& padding) {
  if (padding.pairs == 0) return 0;
  const std::size_t over = versions % padding.pairs;
  return over == 0 && versions > 0 ? 0 : padding.pairs - over;
}

}  // namespace kt::log
