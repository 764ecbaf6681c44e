#include "precis.h"

#include <optional>
#include <string>
#include <unictype.h>

#include "contextual_rules.h"

namespace kt::federation {
namespace {

bool is_between(char32_t c, char32_t first, char32_t last) { return c >= first && c <= last; }

// RFC 8264, Section 9.6, which is RFC 5892, Section 2.6.
std::optional<DerivedProperty> exception(char32_t c) {
  switch (c) {
    case 0x00df:
    case 0x03c2:
    case 0x06fd:
    case 0x06fe:
    case 0x0f0b:
    case 0x3007: return DerivedProperty::PVALID;
    case 0x00b7:
    case 0x0375:
    case 0x05f3:
    case 0x05f4:
    case 0x30fb: return DerivedProperty::CONTEXTO;
    case 0x0640:
    case 0x07fa:
    case 0x302e:
    case 0x302f:
    case 0x303b: return DerivedProperty::DISALLOWED;
    default: break;
  }
  if (is_between(c, 0x3031, 0x3035)) return DerivedProperty::DISALLOWED;
  if (is_between(c, 0x0660, 0x0669) || is_between(c, 0x06f0, 0x06f9))
    return DerivedProperty::CONTEXTO;
  return std::nullopt;
}

// Section 9.9, as the blocks of conjoining jamo: those with Hangul_Syllable_Type L, V or T.
bool is_old_hangul_jamo(char32_t c) {
  return is_between(c, 0x1100, 0x11ff) || is_between(c, 0xa960, 0xa97c) ||
         is_between(c, 0xd7b0, 0xd7c6) || is_between(c, 0xd7cb, 0xd7fb);
}

bool has_category(char32_t c, std::uint32_t mask) {
  return uc_is_general_category_withtable(c, mask);
}

constexpr std::uint32_t kLetterDigits =
    UC_CATEGORY_MASK_Ll | UC_CATEGORY_MASK_Lu | UC_CATEGORY_MASK_Lo | UC_CATEGORY_MASK_Nd |
    UC_CATEGORY_MASK_Lm | UC_CATEGORY_MASK_Mn | UC_CATEGORY_MASK_Mc;
// OtherLetterDigits, Spaces, Symbols and Punctuation, Sections 9.14 to 9.17.
constexpr std::uint32_t kFreeformOnly =
    UC_CATEGORY_MASK_Lt | UC_CATEGORY_MASK_Nl | UC_CATEGORY_MASK_No | UC_CATEGORY_MASK_Me |
    UC_CATEGORY_MASK_Zs | UC_CATEGORY_MASK_S | UC_CATEGORY_MASK_P;

bool is_valid(const CodePoints& text, std::size_t at, StringClass string_class) {
  switch (derived_property(text[at].value)) {
    case DerivedProperty::PVALID: return true;
    case DerivedProperty::FREE_PVAL: return string_class == StringClass::FreeformClass;
    case DerivedProperty::CONTEXTJ:
    case DerivedProperty::CONTEXTO: return obeys_contextual_rule(text, at);
    case DerivedProperty::DISALLOWED:
    case DerivedProperty::UNASSIGNED: return false;
  }
  return false;
}

}  // namespace

// The steps of Section 8, in their order. BackwardCompatible (9.7) is empty.
DerivedProperty derived_property(char32_t code_point) {
  if (const auto property = exception(code_point)) return *property;
  if (has_category(code_point, UC_CATEGORY_MASK_Cn) && !uc_is_property_not_a_character(code_point))
    return DerivedProperty::UNASSIGNED;
  if (is_between(code_point, 0x21, 0x7e)) return DerivedProperty::PVALID;
  if (uc_is_property_join_control(code_point)) return DerivedProperty::CONTEXTJ;
  if (is_old_hangul_jamo(code_point)) return DerivedProperty::DISALLOWED;
  if (uc_is_property_default_ignorable_code_point(code_point) ||
      uc_is_property_not_a_character(code_point))
    return DerivedProperty::DISALLOWED;
  if (has_category(code_point, UC_CATEGORY_MASK_Cc)) return DerivedProperty::DISALLOWED;
  if (!is_nfkc(code_point)) return DerivedProperty::FREE_PVAL;
  if (has_category(code_point, kLetterDigits)) return DerivedProperty::PVALID;
  if (has_category(code_point, kFreeformOnly)) return DerivedProperty::FREE_PVAL;
  return DerivedProperty::DISALLOWED;
}

Result<void> verify_string_class(const CodePoints& text, StringClass string_class) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (is_valid(text, at, string_class)) continue;
    const bool is_identifier = string_class == StringClass::IdentifierClass;
    return fail(Errc::rejected,
                "a code point that " +
                    std::string(is_identifier ? "IdentifierClass" : "FreeformClass") +
                    " (RFC 8264) does not allow there, at byte " + std::to_string(text[at].offset));
  }
  return {};
}

}  // namespace kt::federation
