// Figures for people.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kt::program {

// "17.1 MiB"
[[nodiscard]] std::string format_bytes(std::uint64_t bytes);

// The bytes that `text` says, like `64KiB`, `1MiB` or `2GiB`; nothing when it is not a whole number
// and a unit, or too many.
[[nodiscard]] std::optional<std::uint64_t> parse_size(std::string_view text);

// Exactly, in the greatest unit that needs no fraction; a plain number when there is none.
[[nodiscard]] std::string format_size(std::uint64_t bytes);

}  // namespace kt::program
