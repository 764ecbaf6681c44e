// Code points that are allowed beside certain others only: RFC 5892, Appendix A. Internal.
// Thread rule: pure functions.
#pragma once

#include <cstddef>

#include "unicode.h"

namespace kt::federation {

// Whether the rule of `text[at]` is satisfied where it stands. False for a code point without one.
// Requires: at < text.size().
[[nodiscard]] bool obeys_contextual_rule(const CodePoints& text, std::size_t at);

}  // namespace kt::federation
