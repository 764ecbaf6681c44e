// Byte strings and hexadecimal text.
//
// `Bytes` owns, `ByteView` borrows and is valid only while what it points to is.
// Thread rule: plain values.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kt {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

// Nh = 32 bytes in every cipher suite defined so far (KT Cipher Suites).
using HashValue = std::array<std::uint8_t, 32>;

[[nodiscard]] inline Bytes to_bytes(ByteView view) { return {view.begin(), view.end()}; }

[[nodiscard]] inline Bytes to_bytes(std::string_view text) { return {text.begin(), text.end()}; }

[[nodiscard]] inline bool equal(ByteView a, ByteView b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

// Lower-case hexadecimal.
[[nodiscard]] std::string to_hex(ByteView bytes);

// The bytes `text` spells in hexadecimal of either case; nothing if it does not.
[[nodiscard]] std::optional<Bytes> from_hex(std::string_view text);

}  // namespace kt
