// The Bidi Rule of RFC 5893, Section 2. Internal.
// Thread rule: pure functions.
#pragma once

#include "unicode.h"

namespace kt::federation {

// Whether a code point among `text` is written from right to left: what puts a text, or a domain
// name of which it is a label, under the rule.
[[nodiscard]] bool has_right_to_left(const CodePoints& text);

// Whether a text under the rule obeys it. Requires: not empty.
[[nodiscard]] bool obeys_bidi_rule(const CodePoints& text);

// Errors: rejected for a text that is under the rule and breaks it; malformed when it is not UTF-8.
Result<void> verify_bidi_rule(std::string_view text);

}  // namespace kt::federation
