// The string classes of PRECIS (RFC 8264): which code points a name may have. Internal.
// Thread rule: pure functions.
#pragma once

#include <cstdint>

#include "unicode.h"

namespace kt::federation {

// RFC 8264, Section 8. ID_DIS there is FREE_PVAL here: valid in FreeformClass only.
enum class DerivedProperty : std::uint8_t {
  PVALID,
  FREE_PVAL,
  CONTEXTJ,
  CONTEXTO,
  DISALLOWED,
  UNASSIGNED
};

[[nodiscard]] DerivedProperty derived_property(char32_t code_point);

// RFC 8264, Sections 4.2 and 4.3.
enum class StringClass : std::uint8_t { IdentifierClass, FreeformClass };

// Contextual code points are valid where the rules of RFC 5892, Appendix A, say so.
// Errors: rejected, with the offset of the first code point that the class does not have.
Result<void> verify_string_class(const CodePoints& text, StringClass string_class);

}  // namespace kt::federation
