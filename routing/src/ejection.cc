#include "ejection.h"

#include <algorithm>

namespace kt::routing {

std::optional<Ejection::Pass> Ejection::admit(TimePoint now) {
  if (!until_) return Pass{};
  if (now < *until_ || is_probed_) return std::nullopt;
  is_probed_ = true;
  return Pass{true};
}

void Ejection::succeeded() { *this = Ejection(); }

void Ejection::failed(Pass pass, TimePoint now, double jitter,
                      std::optional<std::chrono::seconds> retry_after) {
  // It went out before the others failed, and says nothing new.
  if (until_ && !pass.is_probe) return;
  if (!pass.is_probe && ++failures_ < kFailures) return;
  std::chrono::milliseconds pause = kLongest;
  // Beyond, the doubled time is longer than the longest.
  constexpr unsigned kMostDoublings = 10;
  if (ejections_ < kMostDoublings) pause = std::min(kLongest, kFirst * (1U << ejections_));
  if (retry_after) {
    pause = std::max(pause,
                     *retry_after < kLongest ? std::chrono::milliseconds(*retry_after) : kLongest);
  }
  const double factor = 0.75 + 0.5 * std::clamp(jitter, 0.0, 1.0);
  until_ = now + std::chrono::duration_cast<std::chrono::milliseconds>(pause * factor);
  ++ejections_;
  failures_ = 0;
  is_probed_ = false;
}

}  // namespace kt::routing
