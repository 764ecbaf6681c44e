#include "program/duration.h"

#include <array>
#include <charconv>
#include <limits>

namespace kt::program {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t milliseconds;
};

constexpr std::array<Unit, 5> kUnits{
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};

}  // namespace

std::optional<std::uint64_t> parse_duration(std::string_view text) {
  std::uint64_t count = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, count);
  if (error != std::errc()) return std::nullopt;
  const std::string_view name(rest, static_cast<std::size_t>(end - rest));
  for (const Unit& unit : kUnits) {
    if (unit.name != name) continue;
    if (count > std::numeric_limits<std::uint64_t>::max() / unit.milliseconds) return std::nullopt;
    return count * unit.milliseconds;
  }
  return std::nullopt;
}

std::string format_duration(std::uint64_t milliseconds) {
  for (const Unit& unit : kUnits) {
    if (milliseconds >= unit.milliseconds && milliseconds % unit.milliseconds == 0)
      return std::to_string(milliseconds / unit.milliseconds) + std::string(unit.name);
  }
  return "0s";
}

std::string format_age(std::uint64_t milliseconds) {
  for (const Unit& unit : kUnits) {
    if (milliseconds >= unit.milliseconds)
      return std::to_string(milliseconds / unit.milliseconds) + std::string(unit.name);
  }
  return "0s";
}

}  // namespace kt::program
