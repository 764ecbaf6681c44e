#include "configuration_value.h"

#include <algorithm>
#include <array>

#include "federation/alias.h"
#include "federation/resolver.h"
#include "listen_address.h"
#include "program/duration.h"
#include "program/figures.h"

namespace kt::gateway {
namespace {

constexpr std::size_t kMaxNameSize = 64;
constexpr std::size_t kMaxCertificateNameSize = 255;

bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= kMaxNameSize &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z') ||
                  std::string_view("._@-").find(c) != std::string_view::npos;
         });
}

// A field of HTTP, or as much of what RFC 9110 allows as any has.
bool is_field_name(std::string_view text) {
  return is_name(text) && text.find_first_of("._@") == std::string_view::npos;
}

bool is_certificate_name(std::string_view text) {
  return !text.empty() && text.size() <= kMaxCertificateNameSize &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

bool set_address(const std::string& text, ValuePlace place) {
  const auto parsed = parse_listen_address(text);
  if (!parsed) return false;
  auto& listen = *std::get<ListenConfiguration*>(place);
  listen.host = parsed->host;
  listen.port = parsed->port;
  return true;
}

bool set_path(const std::string& text, const std::filesystem::path& directory, ValuePlace place) {
  if (text.empty() || has_control_character(text)) return false;
  *std::get<std::filesystem::path*>(place) = directory / text;
  return true;
}

bool set_text(const std::string& text, ValuePlace place) {
  if (auto* const* const optional = std::get_if<std::optional<std::string>*>(&place)) {
    **optional = text;
  } else {
    *std::get<std::string*>(place) = text;
  }
  return true;
}

bool set_hash(const std::string& text, ValuePlace place) {
  HashValue hash{};
  const auto bytes = from_hex(text);
  if (!bytes || bytes->size() != hash.size()) return false;
  std::copy(bytes->begin(), bytes->end(), hash.begin());
  *std::get<std::optional<HashValue>*>(place) = hash;
  return true;
}

constexpr std::array<std::pair<std::string_view, DomainPolicy>, 2> kPolicies{
    {{"single", DomainPolicy::single}, {"sharded", DomainPolicy::sharded}}};

bool set_domain(const std::string& text, ValuePlace place) {
  auto domain = federation::Domain::parse(text);
  if (!domain) return false;
  *std::get<std::optional<federation::Domain>*>(place) = *std::move(domain);
  return true;
}

bool set_label_rule(const std::string& text, ValuePlace place) {
  const auto rule = federation::parse_label_rule(text);
  if (!rule) return false;
  *std::get<federation::LabelRule*>(place) = *rule;
  return true;
}

bool set_policy(const std::string& text, ValuePlace place) {
  for (const auto& [name, policy] : kPolicies) {
    if (name != text) continue;
    *std::get<DomainPolicy*>(place) = policy;
    return true;
  }
  return false;
}

constexpr std::array<std::pair<std::string_view, Access>, 5> kAccess{
    {{"everyone", Access::everyone},
     {"authenticated", Access::authenticated},
     {"owner", Access::owner},
     {"authoriser", Access::authoriser},
     {"nobody", Access::nobody}}};

bool set_access(const std::string& text, ValuePlace place) {
  for (const auto& [name, access] : kAccess) {
    if (name != text) continue;
    *std::get<Access*>(place) = access;
    return true;
  }
  return false;
}

bool set_journal_format(const std::string& text, ValuePlace place) {
  if (text != "text" && text != "json") return false;
  *std::get<JournalFormat*>(place) = text == "json" ? JournalFormat::json : JournalFormat::text;
  return true;
}

bool set_aliases(const TomlValue& value, ValuePlace place) {
  const auto* const texts = std::get_if<std::vector<std::string>>(&value);
  if (texts == nullptr || texts->empty()) return false;
  if (!std::all_of(texts->begin(), texts->end(), federation::is_alias)) return false;
  *std::get<std::vector<std::string>*>(place) = *texts;
  return true;
}

bool set_flag(const TomlValue& value, ValuePlace place) {
  const auto* const flag = std::get_if<bool>(&value);
  if (flag == nullptr) return false;
  *std::get<bool*>(place) = *flag;
  return true;
}

// Each text of a list that is not empty, as `parse` reads it.
template <class T, class Parse>
bool set_list(const TomlValue& value, ValuePlace place, Parse parse) {
  const auto* const texts = std::get_if<std::vector<std::string>>(&value);
  if (texts == nullptr || texts->empty()) return false;
  std::vector<T> list;
  for (const std::string& text : *texts) {
    auto parsed = parse(text);
    if (!parsed) return false;
    list.push_back(*std::move(parsed));
  }
  *std::get<std::vector<T>*>(place) = std::move(list);
  return true;
}

bool set_name_servers(const TomlValue& value, ValuePlace place) {
  return set_list<boost::asio::ip::udp::endpoint>(value, place, federation::parse_name_server);
}

bool set_networks(const TomlValue& value, ValuePlace place) {
  return set_list<federation::Network>(value, place, federation::parse_network);
}

bool set_domains(const TomlValue& value, ValuePlace place) {
  return set_list<federation::Domain>(value, place, federation::Domain::parse);
}

constexpr std::array<std::pair<std::string_view, DnssecPolicy>, 2> kDnssec{
    {{"record", DnssecPolicy::record}, {"require", DnssecPolicy::require}}};

bool set_dnssec(const std::string& text, ValuePlace place) {
  for (const auto& [name, policy] : kDnssec) {
    if (name != text) continue;
    *std::get<DnssecPolicy*>(place) = policy;
    return true;
  }
  return false;
}

// What only this machine reads may come without TLS.
bool set_url(const std::string& text, ValuePlace place) {
  auto url = federation::parse_url(text);
  if (!url || (!url->has_tls && !federation::is_loopback(url->host))) return false;
  *std::get<std::optional<federation::Url>*>(place) = *std::move(url);
  return true;
}

// Of a duration, a size or a number; nothing when `value` is none.
std::optional<std::uint64_t> count_of(ValueKind kind, const TomlValue& value) {
  if (const auto* const number = std::get_if<std::int64_t>(&value)) {
    if (kind == ValueKind::duration || *number < 0) return std::nullopt;
    return static_cast<std::uint64_t>(*number);
  }
  const auto* const text = std::get_if<std::string>(&value);
  if (text == nullptr) return std::nullopt;
  if (kind == ValueKind::duration) return program::parse_duration(*text);
  if (kind == ValueKind::size) return program::parse_size(*text);
  return std::nullopt;
}

// Durations in milliseconds.
std::uint64_t get_count(ValuePlace place) {
  if (auto* const* const size = std::get_if<std::size_t*>(&place)) return **size;
  if (auto* const* const number = std::get_if<unsigned*>(&place)) return **number;
  return static_cast<std::uint64_t>(std::get<std::chrono::milliseconds*>(place)->count());
}

bool set_count(const ConfigurationKey& key, const TomlValue& value, ValuePlace place) {
  const auto count = count_of(key.kind, value);
  if (!count || *count < key.least || *count > key.greatest) return false;
  if (auto* const* const size = std::get_if<std::size_t*>(&place)) {
    **size = *count;
  } else if (auto* const* const number = std::get_if<unsigned*>(&place)) {
    **number = static_cast<unsigned>(*count);
  } else {
    *std::get<std::chrono::milliseconds*>(place) = std::chrono::milliseconds(*count);
  }
  return true;
}

// For people.
std::string format_count(ValueKind kind, std::uint64_t count) {
  if (kind == ValueKind::duration) return program::format_duration(count);
  if (kind == ValueKind::size) return program::format_size(count);
  return std::to_string(count);
}

bool is_list(ValueKind kind) {
  return kind == ValueKind::aliases || kind == ValueKind::name_servers ||
         kind == ValueKind::networks || kind == ValueKind::domains;
}

bool is_count(ValueKind kind) {
  return kind == ValueKind::duration || kind == ValueKind::size || kind == ValueKind::number;
}

std::string in_quotes(std::string_view text) { return '"' + std::string(text) + '"'; }

std::string describe(ValueKind kind) {
  switch (kind) {
    case ValueKind::address:
      return R"(an IP address and a port, like "127.0.0.1:8443" or "[::1]:8443")";
    case ValueKind::path: return "a path; a relative one begins at the directory of this file";
    case ValueKind::alias: return "1 to 64 of a-z, 0-9 and -, but no LogId";
    case ValueKind::name: return "1 to 64 of a-z, A-Z, 0-9, ., _, @ and -";
    case ValueKind::token_hash: return "64 hexadecimal digits";
    case ValueKind::certificate_name: return "1 to 255 visible characters of ASCII";
    case ValueKind::field_name: return "1 to 64 of a-z, A-Z, 0-9 and -";
    case ValueKind::duration: return R"(a duration like "500ms", "30s" or "24h")";
    case ValueKind::size: return R"(a number of bytes, or a size like "64KiB")";
    case ValueKind::number: return "a whole number";
    case ValueKind::domain: return R"(the name of a domain, like "example.com")";
    case ValueKind::label_rule: return R"("bytes", "ascii-lower" or "UsernameCaseMapped")";
    case ValueKind::policy: return R"("single" or "sharded")";
    case ValueKind::access:
      return R"("everyone", "authenticated", "owner", "authoriser" or "nobody")";
    case ValueKind::journal_format: return R"("text" or "json")";
    case ValueKind::url:
      return R"(a URL like "https://kt.example.com"; http only with a loopback address)";
    case ValueKind::flag: return "true or false";
    case ValueKind::aliases: return R"(a list of aliases of logs, like ["one", "two"])";
    case ValueKind::name_servers:
      return R"(a list of IP addresses, perhaps with ports, like ["127.0.0.1", "[::1]:5353"])";
    case ValueKind::networks:
      return R"(a list of networks, like ["192.0.2.0/24", "2001:db8::/32"])";
    case ValueKind::domains: return R"(a list of domains, like ["example.net", "example.org"])";
    case ValueKind::dnssec: return R"("record" or "require")";
  }
  return "";
}

}  // namespace

bool set_value(const ConfigurationKey& key, const TomlValue& value,
               const std::filesystem::path& directory, GatewayConfiguration& all) {
  const ValuePlace place = key.place(all);
  if (is_count(key.kind)) return set_count(key, value, place);
  if (key.kind == ValueKind::aliases) return set_aliases(value, place);
  if (key.kind == ValueKind::flag) return set_flag(value, place);
  if (key.kind == ValueKind::name_servers) return set_name_servers(value, place);
  if (key.kind == ValueKind::networks) return set_networks(value, place);
  if (key.kind == ValueKind::domains) return set_domains(value, place);
  const auto* const text = std::get_if<std::string>(&value);
  if (text == nullptr) return false;
  switch (key.kind) {
    case ValueKind::address: return set_address(*text, place);
    case ValueKind::path: return set_path(*text, directory, place);
    case ValueKind::alias: return federation::is_alias(*text) && set_text(*text, place);
    case ValueKind::name: return is_name(*text) && set_text(*text, place);
    case ValueKind::token_hash: return set_hash(*text, place);
    case ValueKind::certificate_name: return is_certificate_name(*text) && set_text(*text, place);
    case ValueKind::field_name: return is_field_name(*text) && set_text(*text, place);
    case ValueKind::domain: return set_domain(*text, place);
    case ValueKind::label_rule: return set_label_rule(*text, place);
    case ValueKind::policy: return set_policy(*text, place);
    case ValueKind::access: return set_access(*text, place);
    case ValueKind::url: return set_url(*text, place);
    case ValueKind::dnssec: return set_dnssec(*text, place);
    case ValueKind::journal_format: return set_journal_format(*text, place);
    default: return false;
  }
}

std::string requirement(const ConfigurationKey& key) {
  const std::string what = describe(key.kind);
  return is_count(key.kind) ? what + ", " + bounds(key) : what;
}

std::string bounds(const ConfigurationKey& key) {
  if (!is_count(key.kind)) return describe(key.kind);
  return "from " + format_count(key.kind, key.least) + " to " +
         format_count(key.kind, key.greatest);
}

std::string default_or_example(const ConfigurationKey& key) {
  if (is_list(key.kind)) return "[" + in_quotes(key.example) + "]";
  GatewayConfiguration unset;
  if (key.kind == ValueKind::flag) return *std::get<bool*>(key.place(unset)) ? "true" : "false";
  if (!is_count(key.kind)) return in_quotes(key.example);
  unset.principals.emplace_back();
  unset.logs.emplace_back();
  unset.remote_logs.emplace_back();
  const std::string text = format_count(key.kind, get_count(key.place(unset)));
  // A size that no unit fits is a number.
  const bool is_number =
      std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  return is_number ? text : in_quotes(text);
}

}  // namespace kt::gateway
