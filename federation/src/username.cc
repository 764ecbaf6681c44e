#include "username.h"

#include "bidi_rule.h"
#include "precis.h"
#include "unicode.h"

namespace kt::federation {
namespace {

// RFC 8264, Section 7, gives up after three more applications.
constexpr int kMaxApplications = 4;

// The rules of RFC 8265, Section 3.3.3, in their order, once.
Result<std::string> apply_once(std::string_view text) {
  KT_TRY(const CodePoints points, decode_utf8(text));
  const CodePoints narrow = map_width(points);
  KT_TRY(verify_string_class(narrow, StringClass::IdentifierClass));
  std::string mapped = to_nfc(to_lower(encode_utf8(narrow)));
  KT_TRY(verify_bidi_rule(mapped));
  return mapped;
}

}  // namespace

Result<std::string> enforce_username_case_mapped(std::string_view text) {
  if (is_visible_ascii(text)) return ascii_lower(text);  // what the rules make of it
  std::string name(text);
  for (int i = 0; i < kMaxApplications; ++i) {
    KT_TRY(std::string mapped, apply_once(name));
    if (mapped == name) return name;
    name = std::move(mapped);
  }
  return fail(Errc::rejected, "its mapping to lower case does not come to an end (RFC 8264)");
}

}  // namespace kt::federation
