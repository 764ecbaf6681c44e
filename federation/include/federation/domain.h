// The name of a domain, which controls the identities under it.
//
// Holding one proves it valid: lower-case ASCII in the form that DNS has it in (A-labels), of at
// least two labels of at most 63 bytes, 253 in all, without a dot at its end. Two spellings of one
// name are equal.
//
// Thread rule: a plain value.
#pragma once

#include <compare>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "keytrans/result.h"

namespace kt::federation {

class Domain {
 public:
  // Of what is parsed: characters that are mapped to shorter ones take up to four bytes each.
  static constexpr std::size_t kMaxTextSize = 1024;

  // Reads a name as people write it, in any script and case, with any of the dots that UTS #46
  // knows and perhaps one at its end. Processed by UTS #46 with UseSTD3ASCIIRules, CheckHyphens,
  // CheckBidi and CheckJoiners, nontransitional, then held to the rules of IDNA 2008.
  //
  // Refused besides what these refuse: a single label such as `localhost`, which means something
  // else on every host; a last label that does not begin with a letter, as of an IP address.
  //
  // Errors: malformed, with the rule and nothing of the text.
  static Result<Domain> parse(std::string_view text);

  [[nodiscard]] const std::string& text() const { return text_; }
  friend auto operator<=>(const Domain&, const Domain&) = default;

 private:
  explicit Domain(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

}  // namespace kt::federation
