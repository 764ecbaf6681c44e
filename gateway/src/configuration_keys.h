// The table of what a configuration file may say. Internal.
//
// A new key is a row in configuration_keys.cc, and a member in configuration.h whose initial value
// is the default. What is accepted, what errors say and what `ktgate check --keys` prints follow
// from the rows.
//
// Thread rule: constants.
#pragma once

#include <span>
#include <variant>

#include "configuration.h"

namespace kt::gateway {

enum class ValueKind : std::uint8_t {
  address,
  path,
  alias,
  name,
  token_hash,
  certificate_name,
  field_name,
  duration,
  size,
  number,
  domain,
  label_rule,
  policy,
  access,
  aliases,
  url,
  flag,
  name_servers,
  networks,
  domains,
  dnssec,
  journal_format
};

// Where a value is kept. An address is two members of its section.
using ValuePlace =
    std::variant<ListenConfiguration*, std::filesystem::path*, std::string*,
                 std::optional<std::string>*, std::optional<HashValue>*, std::chrono::milliseconds*,
                 std::size_t*, unsigned*, std::optional<federation::Domain>*,
                 federation::LabelRule*, DomainPolicy*, Access*, std::vector<std::string>*,
                 std::optional<federation::Url>*, bool*,
                 std::vector<boost::asio::ip::udp::endpoint>*, std::vector<federation::Network>*,
                 std::vector<federation::Domain>*, DnssecPolicy*, JournalFormat*>;

struct ConfigurationSection {
  std::string_view path;
  bool is_required;
  void (*add)(GatewayConfiguration&);  // adds one, where there can be many; null where there is one
  std::string_view help;

  [[nodiscard]] bool is_repeated() const { return add != nullptr; }
};

struct ConfigurationKey {
  std::string_view section;  // empty for what is in none
  std::string_view name;
  ValueKind kind;
  bool is_required;  // wherever its section is
  // Of a repeated section, in the last one.
  ValuePlace (*place)(GatewayConfiguration&);
  // Bounds of a duration in milliseconds, of a size in bytes, of a number.
  std::uint64_t least;
  std::uint64_t greatest;
  std::string_view example;  // of a text; what is counted has a default instead
  std::string_view help;
  bool needs_restart = false;  // it cannot change while a gateway runs

  [[nodiscard]] std::string path() const {
    return section.empty() ? std::string(name) : std::string(section) + "." + std::string(name);
  }
};

// In the order in which people are to read them, sections before what is within them.
[[nodiscard]] std::span<const ConfigurationSection> configuration_sections();
[[nodiscard]] std::span<const ConfigurationKey> configuration_keys();

// Null when there is none.
[[nodiscard]] const ConfigurationSection* find_section(std::string_view path);
[[nodiscard]] const ConfigurationKey* find_key(std::string_view section, std::string_view name);

// The path of the key that is spelled most like `path`: by the fewest letters to be inserted, taken
// away or replaced.
[[nodiscard]] std::string nearest_key(std::string_view path);

}  // namespace kt::gateway
