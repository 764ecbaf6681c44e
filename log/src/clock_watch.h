// Whether the clock can be believed. Internal.
//
// The time of day is compared with the time that passed: what fell behind stepped back or stands
// still, what is ahead leapt. The comparison starts anew every minute, so that a clock that is
// slewed is not taken for one that leaps.
//
// Thread rule: one thread at a time.
#pragma once

#include <chrono>

#include "log/clock.h"
#include "log/log.h"

namespace kt::log {

class ClockWatch {
 public:
  // Borrows `clock`, whose time now is believed.
  ClockWatch(const Clock& clock, std::chrono::milliseconds patience, std::chrono::milliseconds leap)
      : clock_(clock),
        patience_(patience),
        leap_(leap),
        time_(clock.now()),
        elapsed_(clock.elapsed()) {}

  struct Reading {
    Timestamp now;
    Trouble trouble = Trouble::none;  // or clock_behind, clock_ahead
  };
  [[nodiscard]] Reading read() {
    const Timestamp now = clock_.now();
    const auto elapsed = clock_.elapsed();
    const std::int64_t passed = (elapsed - elapsed_).count();
    const std::int64_t drift = static_cast<std::int64_t>(now.value() - time_.value()) - passed;
    if (drift < -patience_.count()) return {now, Trouble::clock_behind};
    if (drift > leap_.count()) return {now, Trouble::clock_ahead};
    if (passed > kPeriod.count()) {
      time_ = now;
      elapsed_ = elapsed;
    }
    return {now, Trouble::none};
  }

 private:
  static constexpr std::chrono::milliseconds kPeriod{60'000};
  const Clock& clock_;
  std::chrono::milliseconds patience_;
  std::chrono::milliseconds leap_;
  Timestamp time_;  // what the clock said when `elapsed_` had passed
  std::chrono::milliseconds elapsed_;
};

}  // namespace kt::log
