// What belongs to the gateways themselves, and may not come from users.
// Thread rule: pure functions.
#pragma once

#include <algorithm>
#include <string_view>

#include "keytrans/types.h"

namespace kt::federation {

// Labels that a gateway keeps in the logs of its domain.
inline constexpr std::string_view kReservedLabels = "kt:";

// What the value begins with that says that a label has moved to another log.
inline constexpr std::string_view kTombstoneMagic = "ktgate-tombstone";

[[nodiscard]] inline bool begins_with(ByteView bytes, std::string_view start) {
  return bytes.size() >= start.size() &&
         std::equal(start.begin(), start.end(), bytes.begin(),
                    [](char a, std::uint8_t b) { return static_cast<std::uint8_t>(a) == b; });
}

[[nodiscard]] inline bool is_reserved(const Label& label) {
  return begins_with(label.bytes(), kReservedLabels);
}

[[nodiscard]] inline bool is_like_a_tombstone(ByteView value) {
  return begins_with(value, kTombstoneMagic);
}

}  // namespace kt::federation
