// Hiding how many versions are new, and when: fake ones, and ticks. Internal.
//
// Source: architecture draft, 7.2; known-gaps 8.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "keytrans/messages.h"
#include "log/log.h"

namespace kt::log {

// The leaves that an entry may add and remove in third-party auditing mode: an AuditorUpdate has no
// room for more.
inline constexpr std::size_t kMaxAuditedLeaves = 255;

// Whether a log of `configuration` can be padded so.
// Errors: rejected.
Result<void> check_padding(const keytrans::Configuration& configuration,
                           const LogOptions::Padding& padding);

// The leaves that an entry may have, so that a log can be asked for any number of them.
[[nodiscard]] std::size_t most_leaves(keytrans::DeploymentMode mode);
// The new versions that an entry may have, so that their padding still has room.
[[nodiscard]] std::size_t most_versions(keytrans::DeploymentMode mode,
                                        const LogOptions::Padding& padding);
// The fake versions that go into an entry with `versions` real ones.
[[nodiscard]] std::size_t fakes_beside(std::size_t versions, const LogOptions::Padding& padding);

// Instants that are an interval apart, by Clock::elapsed(). Thread rule: one thread at a time.
class Ticks {
 public:
  // Requires: `interval` is more than nothing, unless nothing is ever asked.
  Ticks(std::chrono::milliseconds interval, std::chrono::milliseconds first)
      : interval_(interval), next_(first) {}

  // How long it is to the next tick; nothing when it is due.
  [[nodiscard]] std::chrono::milliseconds left(std::chrono::milliseconds elapsed) const {
    return std::max(next_ - elapsed, std::chrono::milliseconds(0));
  }
  // Whether a tick is due. It is over then, and so are those that were missed.
  [[nodiscard]] bool take(std::chrono::milliseconds elapsed) {
    if (elapsed < next_) return false;
    next_ += interval_ * ((elapsed - next_) / interval_ + 1);
    return true;
  }

 private:
  std::chrono::milliseconds interval_;
  std::chrono::milliseconds next_;
};

}  // namespace kt::log
