// What time it is, for whoever needs to be told another one in a test.
// Thread rule: any thread.
#pragma once

#include <chrono>

#include "keytrans/types.h"

namespace kt::log {

class Clock {
 public:
  virtual ~Clock() = default;

  // Milliseconds since the Unix epoch, as the machine has them. May jump.
  [[nodiscard]] virtual Timestamp now() const = 0;
  // Time that passed since some instant. Never jumps.
  [[nodiscard]] virtual std::chrono::milliseconds elapsed() const = 0;
};

// The machine's own clocks.
[[nodiscard]] const Clock& system_clock();

}  // namespace kt::log
