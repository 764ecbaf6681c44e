// Randomness for property tests. Every test draws a fresh seed and prints it;
// KT_SEED=<number> in the environment repeats a run.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>

#include "keytrans/bytes.h"

namespace kt {

class RandomSource {
 public:
  RandomSource() : RandomSource(pick_seed()) {}
  explicit RandomSource(std::uint64_t seed) : engine_(seed) {}

  // The seed of a run, printed: the environment's, or a fresh one.
  static std::uint64_t pick_seed() {
    const char* const given = std::getenv("KT_SEED");
    const std::uint64_t seed =
        given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
    std::cout << "KT_SEED=" << seed << '\n';
    return seed;
  }

  // A number below `bound`. Requires: bound > 0.
  [[nodiscard]] std::uint64_t below(std::uint64_t bound) {
    return std::uniform_int_distribution<std::uint64_t>(0, bound - 1)(engine_);
  }

  [[nodiscard]] bool coin() { return below(2) == 1; }

  [[nodiscard]] HashValue hash() {
    HashValue value{};
    for (auto& octet : value) octet = static_cast<std::uint8_t>(below(256));
    return value;
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace kt
