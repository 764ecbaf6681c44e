#include "figures.h"

#include <array>
#include <cstdio>

namespace kt::gateway {

std::string format_bytes(std::uint64_t bytes) {
  constexpr std::array<const char*, 4> kUnits{"KiB", "MiB", "GiB", "TiB"};
  auto figure = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  for (; figure >= 1024 && unit + 1 < kUnits.size(); ++unit) figure /= 1024;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f %s", figure, kUnits.at(unit));
  return text.data();
}

}  // namespace kt::gateway
