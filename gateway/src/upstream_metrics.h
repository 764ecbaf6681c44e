// What is counted of the requests to logs at other gateways. Internal. docs/operations.md says what
// each is for.
//
// Thread rule: any thread.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <mutex>

#include "latency.h"
#include "routing/remote_log.h"

namespace kt::gateway {

inline constexpr std::array kRemoteOutcomes{
    routing::RemoteOutcome::answered, routing::RemoteOutcome::refused,
    routing::RemoteOutcome::unavailable, routing::RemoteOutcome::invalid,
    routing::RemoteOutcome::held_back};

// Of one log.
class UpstreamMetrics {
 public:
  struct Counts {
    std::array<std::uint64_t, kRemoteOutcomes.size()> outcomes{};  // as kRemoteOutcomes has them
    Latency latency;                                               // of those that were sent
  };

  void note(routing::RemoteOutcome outcome, std::chrono::nanoseconds time) {
    const std::lock_guard lock(mutex_);
    ++counts_.outcomes.at(static_cast<std::size_t>(outcome));
    if (outcome != routing::RemoteOutcome::held_back) counts_.latency.add(time);
  }
  [[nodiscard]] Counts counts() const {
    const std::lock_guard lock(mutex_);
    return counts_;
  }

 private:
  mutable std::mutex mutex_;
  Counts counts_;
};

}  // namespace kt::gateway
