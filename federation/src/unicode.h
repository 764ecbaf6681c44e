// Text as code points, and what Unicode does to whole texts. Internal.
//
// The tables are libunistring's, the ones that libidn2 works with. Thread rule: pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "keytrans/result.h"

namespace kt::federation {

struct CodePoint {
  char32_t value;
  std::size_t offset;  // of its first byte in the text it was read from
};

using CodePoints = std::vector<CodePoint>;

// Errors: malformed when `text` is not UTF-8 (RFC 3629), with the byte at which it stops being it.
Result<CodePoints> decode_utf8(std::string_view text);

[[nodiscard]] std::string encode_utf8(const CodePoints& points);

// Each code point whose decomposition is tagged <wide> or <narrow> gives way to it, at the same
// offset (RFC 8264, Section 5.2.1).
[[nodiscard]] CodePoints map_width(const CodePoints& points);

// Requires of the functions below: UTF-8.

// Unicode Normalization Form C.
[[nodiscard]] std::string to_nfc(std::string_view text);

// Whether Normalization Form KC leaves a text of this one code point as it is.
[[nodiscard]] bool is_nfkc(char32_t code_point);

// toLowercase() of Unicode, section 3.13, of no language in particular.
[[nodiscard]] std::string to_lower(std::string_view text);

[[nodiscard]] std::string ascii_lower(std::string_view text);

// Whether all of it is ASCII that can be seen, U+0021 to U+007E: code points that every string
// class has (RFC 8264, Section 9.11), that are normal in every form, and written from left to
// right.
[[nodiscard]] bool is_visible_ascii(std::string_view text);

}  // namespace kt::federation
