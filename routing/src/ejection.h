// When a log that fails is left alone: after some failures one after the other, for a time that
// doubles with each further one. Then one request goes out to see, and the others wait for what
// becomes of it. Internal.
//
// Thread rule: one thread at a time.
#pragma once

#include <chrono>
#include <optional>

namespace kt::routing {

class Ejection {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  static constexpr unsigned kFailures = 5;
  static constexpr std::chrono::milliseconds kFirst{1'000};
  static constexpr std::chrono::milliseconds kLongest{60'000};

  // A request that may go out. What became of it is reported.
  struct Pass {
    bool is_probe = false;
  };

  // Nothing when the log is left alone now.
  std::optional<Pass> admit(TimePoint now);

  void succeeded();
  // `jitter` is from 0 to 1, and moves the end by up to a quarter either way, so that gateways
  // which began together do not come back together. `retry_after` is what the log's gateway asked
  // for; it is followed up to kLongest.
  void failed(Pass pass, TimePoint now, double jitter,
              std::optional<std::chrono::seconds> retry_after = {});

  [[nodiscard]] bool is_ejected() const { return until_.has_value(); }
  // How long requests are refused from now on, at least; 0 when one may go out.
  [[nodiscard]] std::chrono::milliseconds left(TimePoint now) const {
    if (!until_ || *until_ <= now) return std::chrono::milliseconds(0);
    return std::chrono::ceil<std::chrono::milliseconds>(*until_ - now);
  }

 private:
  unsigned failures_ = 0;           // since the last success, as long as requests go out
  unsigned ejections_ = 0;          // since the last success
  std::optional<TimePoint> until_;  // while ejected
  bool is_probed_ = false;
};

}  // namespace kt::routing
