// What is counted of what a relay carries. Internal. docs/operations.md says what each is for. No
// user and no domain is in it.
//
// Thread rule: any thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

namespace kt::gateway {

enum class RelayOutcome : std::uint8_t {
  answered,      // the other gateway has answered, and sealed it or not
  no_log,        // the domain has none
  undiscovered,  // where its gateway is is not known, or not believed
  unavailable,   // the other gateway cannot be reached, or does not take what this one sends
  invalid,       // it answers something else
  busy,          // the user, or the way to the other gateway, has enough under way
};

inline constexpr std::array kRelayOutcomes{RelayOutcome::answered,     RelayOutcome::no_log,
                                           RelayOutcome::undiscovered, RelayOutcome::unavailable,
                                           RelayOutcome::invalid,      RelayOutcome::busy};

[[nodiscard]] constexpr std::string_view to_string(RelayOutcome outcome) {
  switch (outcome) {
    case RelayOutcome::answered: return "answered";
    case RelayOutcome::no_log: return "no_log";
    case RelayOutcome::undiscovered: return "undiscovered";
    case RelayOutcome::unavailable: return "unavailable";
    case RelayOutcome::invalid: return "invalid";
    case RelayOutcome::busy: return "busy";
  }
  return "unknown";
}

class RelayMetrics {
 public:
  void note(RelayOutcome outcome) { ++outcomes_.at(static_cast<std::size_t>(outcome)); }
  [[nodiscard]] std::uint64_t count(RelayOutcome outcome) const {
    return outcomes_.at(static_cast<std::size_t>(outcome));
  }

 private:
  std::array<std::atomic<std::uint64_t>, kRelayOutcomes.size()> outcomes_{};
};

}  // namespace kt::gateway
