// QR codes for terminals. Internal.
//
// Thread rule: a pure function.
#pragma once

#include <string>

#include "keytrans/result.h"

namespace kt::client {

// `text` as a QR code (ISO/IEC 18004) with its quiet zone, in half blocks of UTF-8: light on dark
// by the terminal's own colours being set, each line ending with a line feed. Errors: malformed for
// a text that is too long for one, or has a zero byte.
Result<std::string> qr_code(const std::string& text);

}  // namespace kt::client
