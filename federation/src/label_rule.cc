#include "federation/label_rule.h"

#include <algorithm>
#include <array>
#include <unictype.h>

#include "bidi_rule.h"
#include "precis.h"
#include "unicode.h"
#include "username.h"

namespace kt::federation {
namespace {

constexpr std::array<std::pair<std::string_view, LabelRule>, 3> kNames{
    {{"bytes", LabelRule::bytes},
     {"ascii-lower", LabelRule::ascii_lower},
     {"UsernameCaseMapped", LabelRule::username_case_mapped}}};

Result<void> verify_no_space(const CodePoints& points) {
  for (const CodePoint& point : points) {
    if (uc_is_general_category_withtable(point.value, UC_CATEGORY_MASK_Zs))
      return fail(Errc::rejected, "a space at byte " + std::to_string(point.offset));
  }
  return {};
}

Result<void> verify_nfc(std::string_view text) {
  const std::string normal = to_nfc(text);
  const auto [differs, other] =
      std::mismatch(text.begin(), text.end(), normal.begin(), normal.end());
  if (differs == text.end() && other == normal.end()) return {};
  return fail(Errc::rejected, "not in Unicode Normalization Form C from byte " +
                                  std::to_string(differs - text.begin()) + " on");
}

Result<std::string> verified(std::string text) {
  if (is_visible_ascii(text)) return text;  // as all that follows would say
  KT_TRY(const CodePoints points, decode_utf8(text));
  KT_TRY(verify_no_space(points));
  KT_TRY(verify_string_class(points, StringClass::FreeformClass));
  KT_TRY(verify_nfc(text));
  KT_TRY(verify_bidi_rule(text));
  return text;
}

}  // namespace

std::string_view to_string(LabelRule rule) {
  return kNames.at(static_cast<std::size_t>(rule)).first;
}

Result<LabelRule> parse_label_rule(std::string_view text) {
  for (const auto& [name, rule] : kNames) {
    if (name == text) return rule;
  }
  return fail(Errc::rejected, "no label rule that is known");
}

Result<std::string> canonical_local_part(LabelRule rule, std::string_view local_part) {
  if (local_part.empty()) return fail(Errc::malformed, "empty");
  switch (rule) {
    case LabelRule::bytes: return verified(std::string(local_part));
    case LabelRule::ascii_lower: return verified(ascii_lower(local_part));
    case LabelRule::username_case_mapped: return enforce_username_case_mapped(local_part);
  }
  return fail(Errc::rejected, "no such rule");
}

}  // namespace kt::federation
