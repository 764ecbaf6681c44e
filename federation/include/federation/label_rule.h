// How the local parts of a domain's identities are spelled: a domain declares one rule for all of
// them, and who declares another one later gives users other labels, so that it is a migration.
//
// Every rule refuses what nobody can tell from something else by looking at it: code points that
// PRECIS (RFC 8264) disallows or that are not assigned, spaces, what is not in Unicode
// Normalization Form C, and texts that break the Bidi Rule (RFC 5893, Section 2).
//
// Thread rule: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "keytrans/result.h"

namespace kt::federation {

enum class LabelRule : std::uint8_t {
  bytes,                 // as it is spelled, within FreeformClass
  ascii_lower,           // the same, with A to Z in lower case
  username_case_mapped,  // UsernameCaseMapped (RFC 8265, Section 3.3), within IdentifierClass
};

// `bytes`, `ascii-lower` or `UsernameCaseMapped`.
[[nodiscard]] std::string_view to_string(LabelRule rule);
// Errors: rejected for any other text.
Result<LabelRule> parse_label_rule(std::string_view text);

// The one spelling, under `rule`, of the local part that `local_part` spells. What it returns it
// leaves as it is. Under username_case_mapped a text that is not in Form C is put into it.
// Errors: malformed when it is empty or not UTF-8, rejected when the rule refuses it, both with
// what is wrong and at which byte; nothing of the text.
Result<std::string> canonical_local_part(LabelRule rule, std::string_view local_part);

}  // namespace kt::federation
