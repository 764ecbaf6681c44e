// Dates in HTTP. Internal.
//
// Source: RFC 9110, Section 5.6.7. Thread rule: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "keytrans/types.h"

namespace kt::gateway {

// "Sun, 06 Nov 1994 08:49:37 GMT": an IMF-fixdate and no other form. Nothing for what is none, or
// is before 1970.
[[nodiscard]] std::optional<Timestamp> parse_http_date(std::string_view text);

// The second that `time` is in. Requires: it is before the year 10000.
[[nodiscard]] std::string format_http_date(Timestamp time);

}  // namespace kt::gateway
