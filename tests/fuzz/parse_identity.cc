// What a user asks about. The first byte says under which label rule, and whether there is a
// default domain; the rest is the text. What is accepted has a label that is its own label, a
// domain that is its own domain, and never a reserved label.

#include <string>
#include <string_view>

#include "federation/identity.h"
#include "federation/reserved.h"
#include "must.h"

namespace {

using namespace kt;
using namespace kt::federation;

constexpr LabelRule kRules[] = {LabelRule::bytes, LabelRule::ascii_lower,
                                LabelRule::username_case_mapped};

std::string text_of(const Label& label) { return {label.bytes().begin(), label.bytes().end()}; }

// Letters, digits and hyphens, in labels of 1 to 63 bytes that hyphens neither begin nor end.
bool is_host_name(const std::string& name) {
  constexpr std::string_view kCharacters = "abcdefghijklmnopqrstuvwxyz0123456789-";
  std::size_t labels = 0;
  for (std::size_t start = 0; start <= name.size(); ++labels) {
    const std::string label = name.substr(start, name.find('.', start) - start);
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-' ||
        label.find_first_not_of(kCharacters) != std::string::npos)
      return false;
    start += label.size() + 1;
  }
  return labels >= 2 && name.size() <= 253;
}

void check_label(const Identity& identity, const Label& label, LabelRule rule,
                 const std::optional<Domain>& default_domain) {
  KT_ASSERT(!label.bytes().empty() && label.bytes().size() <= Label::kMaxSize);
  KT_ASSERT(!is_reserved(label));
  const Identity again = must(Identity::parse(text_of(label), default_domain));
  KT_ASSERT(again.domain() == identity.domain());
  KT_ASSERT(must(again.label(rule)) == label);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const LabelRule rule = kRules[data[0] % 3];
  std::optional<Domain> default_domain;
  if (data[0] >= 128) default_domain = must(Domain::parse("home.example"));
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);

  const auto identity = Identity::parse(text, default_domain);
  if (!identity) return 0;
  const Domain& domain = identity->domain();
  KT_ASSERT(is_host_name(domain.text()));
  KT_ASSERT(must(Domain::parse(domain.text())) == domain);
  const auto label = identity->label(rule);
  if (label) check_label(*identity, *label, rule, default_domain);
  return 0;
}
