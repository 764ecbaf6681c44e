#include "contextual_rules.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <unictype.h>
#include <uninorm.h>

namespace kt::federation {
namespace {

constexpr char32_t kZeroWidthNonJoiner = 0x200c;
constexpr char32_t kZeroWidthJoiner = 0x200d;
constexpr char32_t kMiddleDot = 0x00b7;
constexpr char32_t kGreekLowerNumeralSign = 0x0375;
constexpr char32_t kHebrewGeresh = 0x05f3;
constexpr char32_t kHebrewGershayim = 0x05f4;
constexpr char32_t kKatakanaMiddleDot = 0x30fb;
constexpr int kVirama = 9;  // canonical combining class

bool has_script(char32_t code_point, std::string_view name) {
  const uc_script_t* const script = uc_script(code_point);
  return script != nullptr && script->name == name;
}

bool is_arabic_indic_digit(char32_t c) { return c >= 0x0660 && c <= 0x0669; }
bool is_extended_arabic_indic_digit(char32_t c) { return c >= 0x06f0 && c <= 0x06f9; }

template <class Predicate>
bool any(const CodePoints& text, Predicate predicate) {
  return std::any_of(text.begin(), text.end(),
                     [&](const CodePoint& point) { return predicate(point.value); });
}

// The first joining type in `[begin, end)` that is not transparent.
template <class Iterator>
int joining_type(Iterator begin, Iterator end) {
  const auto found = std::find_if(begin, end, [](const CodePoint& point) {
    return uc_joining_type(point.value) != UC_JOINING_TYPE_T;
  });
  return found == end ? UC_JOINING_TYPE_U : uc_joining_type(found->value);
}

// The regular expression of Appendix A.1.
bool stands_between_joined(const CodePoints& text, std::size_t at) {
  const auto here = text.begin() + static_cast<std::ptrdiff_t>(at);
  const int before = joining_type(std::make_reverse_iterator(here), text.rend());
  const int after = joining_type(here + 1, text.end());
  return (before == UC_JOINING_TYPE_L || before == UC_JOINING_TYPE_D) &&
         (after == UC_JOINING_TYPE_R || after == UC_JOINING_TYPE_D);
}

bool is_japanese(char32_t c) {
  return has_script(c, "Hiragana") || has_script(c, "Katakana") || has_script(c, "Han");
}

}  // namespace

bool obeys_contextual_rule(const CodePoints& text, std::size_t at) {
  const char32_t code_point = text[at].value;
  const char32_t before = at > 0 ? text[at - 1].value : 0;
  const char32_t after = at + 1 < text.size() ? text[at + 1].value : 0;
  if (is_arabic_indic_digit(code_point)) return !any(text, is_extended_arabic_indic_digit);
  if (is_extended_arabic_indic_digit(code_point)) return !any(text, is_arabic_indic_digit);
  switch (code_point) {
    case kZeroWidthNonJoiner:
      return uc_combining_class(before) == kVirama || stands_between_joined(text, at);
    case kZeroWidthJoiner: return uc_combining_class(before) == kVirama;
    case kMiddleDot: return before == U'l' && after == U'l';
    case kGreekLowerNumeralSign: return has_script(after, "Greek");
    case kHebrewGeresh:
    case kHebrewGershayim: return has_script(before, "Hebrew");
    case kKatakanaMiddleDot: return any(text, is_japanese);
    default: return false;
  }
}

}  // namespace kt::federation
