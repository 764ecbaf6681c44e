// Who a user asks about: a text that names someone under a domain, in one of the forms that
// applications write. docs/identities.md has the forms, their labels and the reasons.
//
//   alice@example.com   acct:alice@example.com   xmpp:alice@example.com/phone
//   @alice:example.com   mimi://example.com/u/alice
//   tel:+1-201-555-0123   urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6
//
// All forms that have a local part and a domain spell one kind of identity: `alice` of
// `example.com`. What names no domain belongs to a default domain.
//
// Reading a text says whose domain has to be asked for its label rule; only under that rule there
// is a label. The text of a label, read again, is the same identity.
//
// Thread rule: a plain value.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "federation/domain.h"
#include "federation/label_rule.h"
#include "keytrans/types.h"

namespace kt::federation {

class Identity {
 public:
  static constexpr std::size_t kMaxTextSize = 2048;

  // `default_domain` is that of identities which name none.
  // Errors, with what is wrong and at which byte (of the text, or of its local part or domain after
  // percent-decoding), and nothing of the text: malformed when it is of no form; rejected when it
  // is reserved, names a part of something, or names no domain and there is no default.
  static Result<Identity> parse(std::string_view text, const std::optional<Domain>& default_domain);

  [[nodiscard]] const Domain& domain() const { return domain_; }

  // The canonical bytes of the identity where `rule` is the rule of its domain.
  // Errors: those of canonical_local_part(); rejected when what the rule makes of the local part
  // has another meaning; malformed when there are more than Label::kMaxSize bytes.
  Result<Label> label(LabelRule rule) const;

 private:
  Identity(Domain domain, std::string name, bool has_local_part)
      : domain_(std::move(domain)), name_(std::move(name)), has_local_part_(has_local_part) {}

  Domain domain_;
  std::string name_;  // the local part, or the whole label
  bool has_local_part_;
};

}  // namespace kt::federation
