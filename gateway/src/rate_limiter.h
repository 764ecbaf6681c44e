// How often one caller may ask: so many requests a second, and a burst of more after a pause.
// Internal.
//
// Who asks is kept as a slot of a fixed table, chosen by a hash under a key that nobody knows, so
// memory is bounded whoever asks, no address stays here, and nobody can choose whose slot to share.
// Two callers that do share one share what is allowed.
//
// Source: the generic cell rate algorithm, ITU-T I.371; docs/http-api.md, "Limits".
//
// Thread rule: any thread.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace kt::gateway {

// What one caller may.
struct Rate {
  unsigned per_second = 0;  // 0 for no limit
  unsigned burst = 1;       // requests that may come at once; at least 1
};

class RateLimiter {
 public:
  using Time = std::chrono::steady_clock::time_point;

  RateLimiter();

  // Counts a request of `caller` at `now`. Result: nothing if it may go on, or else how long to
  // wait until one may, and then it is not counted.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> take(std::string_view caller, Rate rate,
                                                             Time now);

 private:
  static constexpr std::size_t kSlots = std::size_t{1} << 16;
  using Slots = std::array<std::atomic<std::int64_t>, kSlots>;

  std::array<unsigned char, 16> key_{};
  // When all that was taken is paid for, in nanoseconds of the clock.
  std::unique_ptr<Slots> slots_;
};

}  // namespace kt::gateway
