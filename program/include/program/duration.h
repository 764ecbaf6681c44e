// Durations as people write them: `500ms`, `30s`, `10m`, `24h`, `90d`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kt::program {

// The milliseconds that `text` says; nothing when it is not a whole number and a unit, or too many.
[[nodiscard]] std::optional<std::uint64_t> parse_duration(std::string_view text);

// In the greatest unit that needs no fraction.
[[nodiscard]] std::string format_duration(std::uint64_t milliseconds);

// Roughly, for people: in the greatest unit of which there is one.
[[nodiscard]] std::string format_age(std::uint64_t milliseconds);

}  // namespace kt::program
