#include "federation/identity.h"

#include <algorithm>
#include <array>
#include <utility>

#include "federation/reserved.h"
#include "percent.h"
#include "unicode.h"

namespace kt::federation {
namespace {

// What a text says: with a domain `name` is the local part, without one it is the whole label.
struct Parts {
  std::string name;
  std::optional<Domain> domain;
};

tl::unexpected<Error> malformed(std::string detail) {
  return fail(Errc::malformed, std::move(detail));
}

std::string at_byte(std::size_t offset) { return " at byte " + std::to_string(offset); }

// What would give the label another meaning when it is read: `:` ends a scheme or the local part of
// a Matrix identifier, `@` begins one, `/` behind an `@` begins the resource of a JID.
Result<void> verify_local_part(std::string_view local_part) {
  if (local_part.empty()) return malformed("the local part is empty");
  if (local_part.front() == '@') return fail(Errc::rejected, "the local part begins with '@'");
  if (const auto colon = local_part.find(':'); colon != std::string_view::npos)
    return fail(Errc::rejected, "the local part has a ':'" + at_byte(colon) +
                                    ", or the scheme is none that is known");
  const auto slash = local_part.find('/', std::min(local_part.find('@'), local_part.size()));
  if (slash != std::string_view::npos)
    return fail(Errc::rejected,
                "the local part has a '/' behind an '@'," + at_byte(slash) + ", as a JID would");
  return {};
}

Result<Parts> make_parts(std::string local_part, std::string_view domain_text) {
  KT_TRY(verify_local_part(local_part));
  auto domain = Domain::parse(domain_text);
  if (!domain) return fail_in("the domain", std::move(domain).error());
  return Parts{std::move(local_part), *std::move(domain)};
}

// Both percent-encoded.
Result<Parts> decode_parts(std::string_view local_part, std::string_view domain_text) {
  auto local = percent_decode(local_part);
  if (!local) return fail_in("the local part", std::move(local).error());
  auto domain = percent_decode(domain_text);
  if (!domain) return fail_in("the domain", std::move(domain).error());
  return make_parts(*std::move(local), *domain);
}

tl::unexpected<Error> no_domain() { return malformed("there is no '@' before a domain"); }

// RFC 7565, Section 7: userpart "@" host.
Result<Parts> parse_acct(std::string_view text) {
  if (const auto end = text.find_first_of("/?#"); end != std::string_view::npos)
    return malformed("an acct URI has no path, query or fragment");
  const auto at = text.find('@');
  if (at == std::string_view::npos) return no_domain();
  return decode_parts(text.substr(0, at), text.substr(at + 1));
}

// RFC 5122, Section 2.2: [ "//" authority "/" ] [ node "@" ] host [ "/" resource ] [ "?" … ] [ "#"
// … ]
Result<Parts> parse_xmpp(std::string_view text) {
  if (text.starts_with("//"))
    return malformed("an authority, which says as whom to connect, is not taken");
  text = text.substr(0, text.find_first_of("/?#"));
  const auto at = text.find('@');
  if (at == std::string_view::npos) return no_domain();
  KT_TRY(Parts parts, decode_parts(text.substr(0, at), text.substr(at + 1)));
  // RFC 7622, Section 3.3.1.
  if (const auto bad = parts.name.find_first_of("\"&'/:<>@"); bad != std::string::npos)
    return malformed("the local part has a character that JIDs do not," + at_byte(bad));
  return parts;
}

// mimi://host/u/user
Result<Parts> parse_mimi(std::string_view text) {
  constexpr std::string_view kUser = "/u/";
  if (!text.starts_with("//")) return malformed("a MIMI URI has an authority");
  text.remove_prefix(2);
  const auto path = std::min(text.find_first_of("/?#"), text.size());
  const std::string_view host = text.substr(0, path);
  text.remove_prefix(path);
  if (!text.starts_with(kUser)) return malformed("a MIMI URI of something that is no user");
  text.remove_prefix(kUser.size());
  if (text.find_first_of("/?#") != std::string_view::npos)
    return malformed("a MIMI URI with something behind the user");
  return decode_parts(text, host);
}

// RFC 3966, Section 3: the global number without its visual separators.
Result<Parts> parse_tel(std::string_view text) {
  constexpr std::size_t kMaxDigits = 15;  // E.164
  if (!text.starts_with('+')) return malformed("a telephone number that is not a global one");
  std::string digits;
  for (std::size_t at = 1; at < text.size(); ++at) {
    const char c = text[at];
    if (c == ';') return fail(Errc::rejected, "a telephone number with parameters");
    if (c >= '0' && c <= '9')
      digits.push_back(c);
    else if (c != '-' && c != '.' && c != '(' && c != ')')
      return malformed("a telephone number with something else" + at_byte(at));
  }
  if (digits.empty() || digits.front() == '0' || digits.size() > kMaxDigits)
    return malformed("a telephone number has 1 to 15 digits and does not begin with 0");
  return Parts{"tel:+" + digits, std::nullopt};
}

// RFC 9562, Section 4.
bool is_uuid(std::string_view text) {
  constexpr std::string_view kShape = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  constexpr std::string_view kDigits = "0123456789abcdefABCDEF";
  return std::equal(text.begin(), text.end(), kShape.begin(), kShape.end(),
                    [&](char c, char shape) {
                      return shape == '-' ? c == '-' : kDigits.find(c) != std::string_view::npos;
                    });
}

Result<Parts> parse_uuid(std::string_view text) {
  if (!is_uuid(text)) return malformed("not a UUID");
  return Parts{"urn:uuid:" + ascii_lower(text), std::nullopt};
}

// Behind the `@` that begins a Matrix user identifier: localpart ":" server_name.
Result<Parts> parse_matrix(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return malformed("there is no ':' before a domain");
  return make_parts(std::string(text.substr(0, colon)), text.substr(colon + 1));
}

// localpart "@" domain, perhaps with the resource of a JID behind it.
Result<Parts> parse_address(std::string_view text) {
  const auto at = text.rfind('@');
  if (at == std::string_view::npos) return no_domain();
  const std::string_view behind = text.substr(at + 1);
  return make_parts(std::string(text.substr(0, at)), behind.substr(0, behind.find('/')));
}

struct Scheme {
  std::string_view name;
  Result<Parts> (*parse)(std::string_view rest);
};

constexpr std::array<Scheme, 5> kSchemes{{{"acct:", parse_acct},
                                          {"mimi:", parse_mimi},
                                          {"tel:", parse_tel},
                                          {"urn:uuid:", parse_uuid},
                                          {"xmpp:", parse_xmpp}}};

Result<Parts> parse_parts(std::string_view text) {
  if (text.starts_with(kReservedLabels))
    return fail(Errc::rejected, "what begins with kt: belongs to the gateways");
  for (const Scheme& scheme : kSchemes) {
    if (ascii_lower(text.substr(0, scheme.name.size())) == scheme.name)
      return scheme.parse(text.substr(scheme.name.size()));
  }
  if (text.starts_with('@')) return parse_matrix(text.substr(1));
  if (is_uuid(text)) return parse_uuid(text);
  return parse_address(text);
}

}  // namespace

Result<Identity> Identity::parse(std::string_view text,
                                 const std::optional<Domain>& default_domain) {
  if (text.size() > kMaxTextSize)
    return malformed("longer than " + std::to_string(kMaxTextSize) + " bytes");
  KT_TRY(decode_utf8(text));
  KT_TRY(Parts parts, parse_parts(text));
  if (parts.domain) return Identity(*std::move(parts.domain), std::move(parts.name), true);
  if (!default_domain)
    return fail(Errc::rejected, "it names no domain, and there is no default domain");
  return Identity(*default_domain, std::move(parts.name), false);
}

Result<Label> Identity::label(LabelRule rule) const {
  if (!has_local_part_) return Label::create(name_);
  auto local_part = canonical_local_part(rule, name_);
  if (!local_part) return fail_in("the local part", std::move(local_part).error());
  KT_TRY(verify_local_part(*local_part));  // the mapping may have made a ':' of a wide one
  return Label::create(*local_part + '@' + domain_.text());
}

}  // namespace kt::federation
