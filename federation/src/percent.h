// Percent-encoding (RFC 3986, Section 2.1). Internal.
// Thread rule: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "keytrans/result.h"

namespace kt::federation {

// What `text` encodes; a byte that is no part of an encoding stands for itself.
// Errors: malformed for a `%` without two digits, with its offset, and when it encodes no UTF-8.
Result<std::string> percent_decode(std::string_view text);

}  // namespace kt::federation
