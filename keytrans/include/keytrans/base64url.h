// Base64 with the URL-safe alphabet and without padding (RFC 4648, Section 5), as in text formats.
//
// Thread rule: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "keytrans/bytes.h"

namespace kt {

[[nodiscard]] std::string to_base64url(ByteView bytes);

// The bytes of which `text` is the one encoding; nothing if it is none: padding, white space and
// bits that stand for nothing are refused.
[[nodiscard]] std::optional<Bytes> from_base64url(std::string_view text);

}  // namespace kt
