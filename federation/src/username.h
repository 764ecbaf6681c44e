// The profile UsernameCaseMapped of PRECIS (RFC 8265, Section 3.3). Internal.
// Thread rule: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "keytrans/result.h"

namespace kt::federation {

// The one spelling of the username that `text` spells. What it returns it leaves as it is.
// Errors: malformed when `text` is not UTF-8; rejected when it is none, with the rule it breaks.
// Offsets count in `text`.
Result<std::string> enforce_username_case_mapped(std::string_view text);

}  // namespace kt::federation
