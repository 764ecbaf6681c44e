#include "bidi_rule.h"

#include <algorithm>
#include <initializer_list>
#include <unictype.h>

namespace kt::federation {
namespace {

bool is_any_of(int bidi_class, std::initializer_list<int> classes) {
  return std::find(classes.begin(), classes.end(), bidi_class) != classes.end();
}

int bidi_class(const CodePoint& point) { return uc_bidi_class(point.value); }

bool is_right_to_left(const CodePoint& point) {
  return is_any_of(bidi_class(point), {UC_BIDI_R, UC_BIDI_AL, UC_BIDI_AN});
}

// Condition 2.
bool may_be_in_right_to_left(const CodePoint& point) {
  return is_any_of(bidi_class(point),
                   {UC_BIDI_R, UC_BIDI_AL, UC_BIDI_AN, UC_BIDI_EN, UC_BIDI_ES, UC_BIDI_CS,
                    UC_BIDI_ET, UC_BIDI_ON, UC_BIDI_BN, UC_BIDI_NSM});
}

// Condition 5.
bool may_be_in_left_to_right(const CodePoint& point) {
  return is_any_of(bidi_class(point), {UC_BIDI_L, UC_BIDI_EN, UC_BIDI_ES, UC_BIDI_CS, UC_BIDI_ET,
                                       UC_BIDI_ON, UC_BIDI_BN, UC_BIDI_NSM});
}

bool contains(const CodePoints& text, int wanted) {
  return std::any_of(text.begin(), text.end(),
                     [&](const CodePoint& point) { return bidi_class(point) == wanted; });
}

// The class of the last code point that is no nonspacing mark, for conditions 3 and 6.
int last_class(const CodePoints& text) {
  const auto last = std::find_if(text.rbegin(), text.rend(), [](const CodePoint& point) {
    return bidi_class(point) != UC_BIDI_NSM;
  });
  return last == text.rend() ? UC_BIDI_NSM : bidi_class(*last);
}

}  // namespace

bool has_right_to_left(const CodePoints& text) {
  return std::any_of(text.begin(), text.end(), is_right_to_left);
}

bool obeys_bidi_rule(const CodePoints& text) {
  const int first = bidi_class(text.front());  // condition 1
  if (first == UC_BIDI_L)
    return std::all_of(text.begin(), text.end(), may_be_in_left_to_right) &&
           is_any_of(last_class(text), {UC_BIDI_L, UC_BIDI_EN});
  if (!is_any_of(first, {UC_BIDI_R, UC_BIDI_AL})) return false;
  return std::all_of(text.begin(), text.end(), may_be_in_right_to_left) &&
         is_any_of(last_class(text), {UC_BIDI_R, UC_BIDI_AL, UC_BIDI_EN, UC_BIDI_AN}) &&
         !(contains(text, UC_BIDI_EN) && contains(text, UC_BIDI_AN));  // condition 4
}

Result<void> verify_bidi_rule(std::string_view text) {
  KT_TRY(const CodePoints points, decode_utf8(text));
  if (!has_right_to_left(points) || obeys_bidi_rule(points)) return {};
  return fail(Errc::rejected, "the directions of its letters break the Bidi Rule (RFC 5893)");
}

}  // namespace kt::federation
