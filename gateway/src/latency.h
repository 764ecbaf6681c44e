// How long things took: a histogram. Internal.
//
// Thread rule: plain values.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>

namespace kt::gateway {

class Latency {
 public:
  // Upper bounds of the buckets, in seconds; a last bucket has what is above.
  static constexpr std::array kBounds{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                                      0.05,   0.1,     0.25,   0.5,   1.0,    2.5,   5.0,  10.0};

  void add(std::chrono::nanoseconds time) {
    const double seconds = std::chrono::duration<double>(time).count();
    const auto* const bucket = std::lower_bound(kBounds.begin(), kBounds.end(), seconds);
    ++counts_.at(static_cast<std::size_t>(bucket - kBounds.begin()));
    sum_ += seconds;
  }

  // Of each bucket alone.
  [[nodiscard]] const auto& counts() const { return counts_; }
  // In seconds.
  [[nodiscard]] double sum() const { return sum_; }

 private:
  std::array<std::uint64_t, kBounds.size() + 1> counts_{};
  double sum_ = 0;
};

}  // namespace kt::gateway
