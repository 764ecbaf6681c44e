#include "federation/domain.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include <idn2.h>

#include "bidi_rule.h"
#include "precis.h"

namespace kt::federation {
namespace {

tl::unexpected<Error> malformed(std::string detail) {
  return fail(Errc::malformed, std::move(detail));
}

tl::unexpected<Error> refused_by_idn2(int code) {
  return malformed(std::string("not a domain name of UTS #46 and IDNA 2008 (") +
                   idn2_strerror_name(code) + ")");
}

struct IdnFree {
  void operator()(void* memory) const { idn2_free(memory); }
};

// UTS #46, ToASCII. Not with IDN2_USE_STD3_ASCII_RULES: libidn2 then drops what the rules forbid,
// and `a_b.example` would be `ab.example`. Without it such characters stay, for verify_host_name().
Result<std::string> to_ascii(const std::string& text) {
  std::uint8_t* found = nullptr;
  const int code = idn2_lookup_u8(reinterpret_cast<const std::uint8_t*>(text.c_str()), &found,
                                  IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  const std::unique_ptr<std::uint8_t, IdnFree> owner(found);
  if (code != IDN2_OK) return refused_by_idn2(code);
  return std::string(reinterpret_cast<const char*>(found));
}

Result<std::string> to_unicode(const std::string& ascii) {
  char* found = nullptr;
  const int code = idn2_to_unicode_8z8z(ascii.c_str(), &found, 0);
  const std::unique_ptr<char, IdnFree> owner(found);
  if (code != IDN2_OK) return refused_by_idn2(code);
  return std::string(found);
}

std::vector<std::string_view> labels_of(std::string_view name) {
  std::vector<std::string_view> labels;
  for (std::size_t dot = name.find('.'); dot != std::string_view::npos; dot = name.find('.')) {
    labels.push_back(name.substr(0, dot));
    name.remove_prefix(dot + 1);
  }
  labels.push_back(name);
  return labels;
}

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

bool is_host_character(char c) { return is_lower(c) || (c >= '0' && c <= '9') || c == '-'; }

// Whether libidn2 would give `name` back as it is, without asking it: that takes as long as looking
// a small log up. Labels of lower case letters and digits, with hyphens between them, not two in
// the third and fourth place; names that are so long that it might refuse them are none of these.
bool is_plain(std::string_view name) {
  constexpr std::size_t kMaxLabelSize = 63;
  constexpr std::size_t kMaxPlainSize = 200;
  if (name.size() > kMaxPlainSize) return false;
  const auto is_plain_label = [](std::string_view label) {
    return !label.empty() && label.size() <= kMaxLabelSize && label.front() != '-' &&
           label.back() != '-' && label.substr(std::min<std::size_t>(label.size(), 2), 2) != "--" &&
           std::all_of(label.begin(), label.end(), is_host_character);
  };
  const auto labels = labels_of(name);
  return std::all_of(labels.begin(), labels.end(), is_plain_label);
}

// RFC 1123, Section 2.1, and what the header says besides. Lengths, and where hyphens
// stand, libidn2 has verified.
Result<void> verify_host_name(const std::string& name) {
  const std::vector<std::string_view> labels = labels_of(name);
  for (const std::string_view label : labels) {
    if (label.empty()) return malformed("an empty label");
    if (!std::all_of(label.begin(), label.end(), is_host_character))
      return malformed("a label has something besides letters, digits and hyphens");
  }
  if (labels.size() < 2) return malformed("a single label");
  if (!is_lower(labels.back().front()))
    return malformed("an IP address, or its last label begins with a digit");
  return {};
}

// What libidn2 does not look at: whether an A-label is that of the U-label it decodes to, most
// contextual code points, and that one label from right to left puts all of them under the Bidi
// Rule (RFC 5891, Section 5.4; RFC 5893, Section 2).
Result<void> verify_u_labels(const std::string& name) {
  if (name.find("xn--") == std::string::npos) return {};
  KT_TRY(const std::string unicode, to_unicode(name));
  KT_TRY(const std::string again, to_ascii(unicode));
  if (again != name) return malformed("an A-label is not that of the label it stands for");
  KT_TRY(const CodePoints whole, decode_utf8(unicode));
  for (const std::string_view label : labels_of(unicode)) {
    KT_TRY(const CodePoints points, decode_utf8(label));
    if (!verify_string_class(points, StringClass::IdentifierClass))
      return malformed("a label has a code point that is not allowed there (RFC 5892)");
    if (has_right_to_left(whole) && !obeys_bidi_rule(points))
      return malformed("the directions of its letters break the Bidi Rule (RFC 5893)");
  }
  return {};
}

}  // namespace

Result<Domain> Domain::parse(std::string_view text) {
  if (text.size() > kMaxTextSize) return malformed("longer than 1024 bytes");
  if (text.find('\0') != std::string_view::npos) return malformed("a zero byte");
  std::string name(text);
  if (!is_plain(name)) {
    KT_TRY(name, to_ascii(name));
  }
  if (name.ends_with('.')) name.pop_back();
  KT_TRY(verify_host_name(name));
  KT_TRY(verify_u_labels(name));
  return Domain(std::move(name));
}

}  // namespace kt::federation
