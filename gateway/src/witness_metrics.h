// What is counted of what a witness does. Internal. docs/operations.md says what each is for. No
// domain and no log is in it.
//
// Thread rule: any thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

namespace kt::gateway {

// What came of a look at a log.
enum class Look : std::uint8_t {
  seen,         // it goes on with what was seen before
  apart,        // nothing that it shows was seen before; it has to be asked whether it goes on
  unavailable,  // it could not be asked
  unverified,   // its answer does not verify
  different,    // it shows another history, which cannot be proved to others
  forked,       // it has signed two histories
};
inline constexpr std::array kLooks{Look::seen,       Look::apart,     Look::unavailable,
                                   Look::unverified, Look::different, Look::forked};

// What came of a comparison with what another gateway has seen of a log.
enum class Comparison : std::uint8_t {
  agreed,
  unseen,       // one of the two has not seen it yet
  apart,        // the two have seen it at times that are too far from one another
  unavailable,  // the other gateway could not be asked
  invalid,      // what it says is nothing that the log has signed, and is not believed
  different,
  forked,
};
inline constexpr std::array kComparisons{
    Comparison::agreed,  Comparison::unseen,    Comparison::apart, Comparison::unavailable,
    Comparison::invalid, Comparison::different, Comparison::forked};

// What an operator has to look at.
enum class WitnessAlarm : std::uint8_t { none, unverified, different, forked };
inline constexpr std::array kWitnessAlarms{WitnessAlarm::unverified, WitnessAlarm::different,
                                           WitnessAlarm::forked};

[[nodiscard]] constexpr std::string_view to_string(Look look) {
  switch (look) {
    case Look::seen: return "seen";
    case Look::apart: return "apart";
    case Look::unavailable: return "unavailable";
    case Look::unverified: return "unverified";
    case Look::different: return "different";
    case Look::forked: return "forked";
  }
  return "unknown";
}
[[nodiscard]] constexpr std::string_view to_string(Comparison comparison) {
  switch (comparison) {
    case Comparison::agreed: return "agreed";
    case Comparison::unseen: return "unseen";
    case Comparison::apart: return "apart";
    case Comparison::unavailable: return "unavailable";
    case Comparison::invalid: return "invalid";
    case Comparison::different: return "different";
    case Comparison::forked: return "forked";
  }
  return "unknown";
}
[[nodiscard]] constexpr std::string_view to_string(WitnessAlarm alarm) {
  switch (alarm) {
    case WitnessAlarm::none: return "none";
    case WitnessAlarm::unverified: return "unverified";
    case WitnessAlarm::different: return "different";
    case WitnessAlarm::forked: return "forked";
  }
  return "unknown";
}

class WitnessMetrics {
 public:
  void note(Look look) { ++looks_.at(static_cast<std::size_t>(look)); }
  void note(Comparison comparison) { ++comparisons_.at(static_cast<std::size_t>(comparison)); }
  [[nodiscard]] std::uint64_t count(Look look) const {
    return looks_.at(static_cast<std::size_t>(look));
  }
  [[nodiscard]] std::uint64_t count(Comparison comparison) const {
    return comparisons_.at(static_cast<std::size_t>(comparison));
  }

 private:
  std::array<std::atomic<std::uint64_t>, kLooks.size()> looks_{};
  std::array<std::atomic<std::uint64_t>, kComparisons.size()> comparisons_{};
};

}  // namespace kt::gateway
