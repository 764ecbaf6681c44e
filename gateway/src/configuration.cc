#include "configuration.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <utility>

#include <toml++/toml.h>

#include "configuration_value.h"
#include "federation/shard.h"
#include "federation/url.h"
#include "local_socket.h"
#include "store/files.h"

namespace kt::gateway {
namespace {

using Position = toml::source_position;

// Of a fault that is nowhere in the text, but in what is not there.
constexpr Position kNowhere{std::numeric_limits<toml::source_index>::max(), 1};

// A name that is longer is none of ours, and not worth comparing.
constexpr std::size_t kMaxPathSize = 80;

// Each dot of a dotted name is one more table within a table, and toml++ takes one stack frame or
// more for each when it takes them down. It bounds the arrays and tables in brackets itself.
constexpr std::ptrdiff_t kMaxDots = 32;

// How deep names are followed that mean nothing.
constexpr std::size_t kMaxDepth = 4;

struct Fault {
  Position position;
  std::string what;
  std::string unknown = {};  // the path that is none, if that is the fault
};

// A path of the file in an error: one line, and readable.
std::string quoted(const std::string& path) {
  if (path.size() > kMaxPathSize) return "of more than " + std::to_string(kMaxPathSize) + " bytes";
  std::string text = "\"" + path + "\"";
  for (char& c : text) {
    if (c < 0x20 || c > 0x7e) c = '?';
  }
  return text;
}

// What toml++ says is wrong, up to where it quotes more than one character of the file.
std::string without_quotations(std::string_view description) {
  std::size_t at = 0;
  while ((at = description.find('\'', at)) != std::string_view::npos &&
         description.substr(at).size() > 2 && description[at + 2] == '\'')
    at += 3;
  description = description.substr(0, at);
  const std::size_t end = description.find_last_not_of(": ");
  return std::string(description.substr(0, end == std::string_view::npos ? 0 : end + 1));
}

std::optional<Fault> find_long_chain(std::string_view text) {
  toml::source_index line = 1;
  for (std::size_t start = 0; start < text.size(); ++line) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    const std::string_view part = text.substr(start, end - start);
    const std::size_t first = part.find_first_not_of(" \t");
    if (first != std::string_view::npos && part[first] != '#' &&
        std::count(part.begin(), part.end(), '.') > kMaxDots)
      return Fault{{line, 1}, "a line has more than " + std::to_string(kMaxDots) + " dots"};
    start = end + 1;
  }
  return std::nullopt;
}

// Reads a configuration and keeps the fault that comes first in the text. Faults are looked for to
// the end, for toml++ has names in the order of the alphabet.
class ConfigurationReader {
 public:
  explicit ConfigurationReader(std::filesystem::path directory)
      : directory_(std::move(directory)) {}

  void read(const toml::table& root) {
    read_members(root, "");
    for (const ConfigurationSection& section : configuration_sections()) {
      if (section.is_required && section.path != "log" && !root.contains(section.path))
        complain(kNowhere, "there is no " + header(section));
    }
    if (read_.logs.empty() && read_.remote_logs.empty())
      complain(kNowhere, "there is no [[log]] or [[remote_log]]");
    check_named();
    check_certificates();
    check_domains(root);
    check_authorised(root);
  }

  [[nodiscard]] const std::optional<Fault>& fault() const { return fault_; }
  [[nodiscard]] GatewayConfiguration take() { return std::move(read_); }

 private:
  static std::string header(const ConfigurationSection& section) {
    const std::string path(section.path);
    return section.is_repeated() ? "[[" + path + "]]" : "[" + path + "]";
  }

  void complain(const Position& position, std::string what, std::string unknown = {}) {
    ++faults_;
    if (!fault_ || position < fault_->position)
      fault_ = Fault{position, std::move(what), std::move(unknown)};
  }

  void read_members(const toml::table& table, const std::string& section) {
    for (const auto& [name, node] : table) {
      // A name in quotation marks can have a dot of its own, and is none of ours then.
      const bool is_plain = name.str().find('.') == std::string_view::npos;
      std::string path = is_plain ? std::string(name.str()) : "'" + std::string(name.str()) + "'";
      if (!section.empty()) path.insert(0, ".").insert(0, section);
      const auto* const within = is_plain ? find_section(path) : nullptr;
      const auto* const key = is_plain ? find_key(section, name.str()) : nullptr;
      if (within != nullptr) {
        read_section(*within, node);
      } else if (key != nullptr) {
        read_value(*key, node);
      } else {
        refuse(path, name.source().begin, node, 1);
      }
    }
  }

  void read_section(const ConfigurationSection& section, const toml::node& node) {
    const Position position = node.source().begin;
    const std::string wrong =
        std::string(section.path) + " has to be written as " + header(section);
    if (!section.is_repeated()) {
      const auto* const table = node.as_table();
      return table != nullptr ? read_table(section, *table) : complain(position, wrong);
    }
    const auto* const array = node.as_array();
    if (array == nullptr) return complain(position, wrong);
    for (const toml::node& element : *array) {
      const auto* const table = element.as_table();
      if (table == nullptr) return complain(element.source().begin, wrong);
      section.add(read_);
      read_table(section, *table);
    }
  }

  void read_table(const ConfigurationSection& section, const toml::table& table) {
    const std::size_t faults_before = faults_;
    read_members(table, std::string(section.path));
    for (const ConfigurationKey& key : configuration_keys()) {
      // What is missing may be what is misspelled.
      if (key.section == section.path && key.is_required && !table.contains(key.name) &&
          faults_ == faults_before)
        complain(table.source().begin, header(section) + " has no " + std::string(key.name));
    }
    if (section.path == "listen") check_listen(table);
    if (section.path == "admin") check_admin(table);
    if (section.path == "authoriser") check_authoriser(table);
    if (section.path == "principal") check_principal(table, faults_ == faults_before);
    if (section.path == "log") check_log(table);
    if (section.path == "log.padding") check_padding(table);
    if (section.path == "domain.access") check_access(table);
    if (section.path == "remote_log") check_remote_log(table);
    if (section.path == "domain" && faults_ == faults_before) check_domain(table);
    if (section.path == "ohttp") check_ohttp(table);
    if (section.path == "relay") check_relay(table);
    if (section.path == "peer") check_peer(table);
    if (section.path == "federation") check_federation(table);
  }

  void read_value(const ConfigurationKey& key, const toml::node& node) {
    std::optional<TomlValue> value;
    if (const auto* const text = node.as_string()) value = text->get();
    if (const auto* const number = node.as_integer()) value = number->get();
    if (const auto* const flag = node.as_boolean()) value = flag->get();
    if (const auto* const array = node.as_array()) value = texts_of(*array);
    if (!value || !set_value(key, *value, directory_, read_))
      complain(node.source().begin, key.path() + " has to be " + requirement(key));
  }

  // Nothing when there is anything else than texts.
  static std::optional<TomlValue> texts_of(const toml::array& array) {
    std::vector<std::string> texts;
    for (const toml::node& element : array) {
      const auto* const text = element.as_string();
      if (text == nullptr) return std::nullopt;
      texts.push_back(text->get());
    }
    return texts;
  }

  // What is in a section that there is not is named rather than the section, to be found by its
  // whole name.
  void refuse(const std::string& path, const Position& position, const toml::node& node,
              std::size_t depth) {
    const auto* table = node.as_table();
    const auto* const array = node.as_array();
    if (array != nullptr && !array->empty()) table = array->front().as_table();
    if (table != nullptr && !table->empty() && depth < kMaxDepth) {
      for (const auto& [name, member] : *table)
        refuse(path + "." + std::string(name.str()), name.source().begin, member, depth + 1);
      return;
    }
    complain(position, "there is no key " + quoted(path), path);
  }

  // --- What one key alone does not say ---------------------------------------------------------

  static Position position_of(const toml::table& table, std::string_view name) {
    return table.get(name)->source().begin;
  }

  void check_listen(const toml::table& table) {
    const bool has_certificate = table.contains("certificate");
    const bool has_key = table.contains("private_key");
    if (has_certificate != has_key)
      complain(position_of(table, has_certificate ? "certificate" : "private_key"),
               "listen.certificate and listen.private_key go together");
    const std::string& host = read_.listen.host;
    if (!has_certificate && !has_key && !host.empty() && !federation::is_loopback(host))
      complain(position_of(table, "address"),
               "without listen.certificate, listen.address has to be a loopback address");
    if (!has_certificate && table.contains("client_authorities"))
      complain(position_of(table, "client_authorities"),
               "listen.client_authorities needs listen.certificate");
    if (read_.listen.client_address_field && !host.empty() && !federation::is_loopback(host))
      complain(position_of(table, "client_address_field"),
               "with listen.client_address_field, listen.address has to be a loopback address");
  }

  void check_admin(const toml::table& table) {
    if (read_.admin.socket.native().size() > kMaxSocketPathSize)
      complain(position_of(table, "socket"), "admin.socket has to be a path of at most " +
                                                 std::to_string(kMaxSocketPathSize) + " bytes");
  }

  void check_authoriser(const toml::table& table) {
    if (read_.authoriser.http.socket.native().size() > kMaxSocketPathSize)
      complain(position_of(table, "socket"), "authoriser.socket has to be a path of at most " +
                                                 std::to_string(kMaxSocketPathSize) + " bytes");
  }

  void check_principal(const toml::table& table, bool is_right_so_far) {
    const PrincipalConfiguration& principal = read_.principals.back();
    if (!principal.name.empty() && !names_.insert(principal.name).second)
      complain(position_of(table, "name"), "another [[principal]] has this name");
    if (principal.token_sha256 && !tokens_.insert(*principal.token_sha256).second)
      complain(position_of(table, "token_sha256"), "another [[principal]] has this token");
    if (principal.certificate) {
      const Position position = position_of(table, "certificate");
      if (!certificates_.emplace(*principal.certificate, position).second)
        complain(position, "another [[principal]] has this certificate");
    }
    // What is missing may be what is misspelled.
    if (is_right_so_far && !principal.token_sha256 && !principal.certificate)
      complain(table.source().begin, "[[principal]] has no token_sha256 and no certificate");
  }

  void check_log(const toml::table& table) {
    const ServedLogConfiguration& log = read_.logs.back();
    check_alias(log.alias, table);
    if (!log.directory.empty() && !directories_.insert(log.directory.lexically_normal()).second)
      complain(position_of(table, "directory"), "another [[log]] has this directory");
    if (log.writer) named_.push_back({"log.writer", *log.writer, position_of(table, "writer")});
    check_gateway_of(log, table);
    if (log.auditor) named_.push_back({"log.auditor", *log.auditor, position_of(table, "auditor")});
  }

  void check_gateway_of(const ServedLogConfiguration& log, const toml::table& table) {
    const bool has_gateway = table.contains("gateway");
    if (has_gateway != table.contains("gateway_domain"))
      complain(position_of(table, has_gateway ? "gateway" : "gateway_domain"),
               "log.gateway and log.gateway_domain go together");
    if (log.gateway && log.writer && *log.writer != *log.gateway)
      complain(position_of(table, "writer"),
               "with log.gateway, nobody else writes, so that log.writer can only be the same");
    if (!log.gateway) return;
    named_.push_back({"log.gateway", *log.gateway, position_of(table, "gateway")});
  }

  void check_alias(const std::string& alias, const toml::table& table) {
    if (!alias.empty() && !aliases_.insert(alias).second)
      complain(position_of(table, "alias"), "another log has this alias");
  }

  void check_remote_log(const toml::table& table) {
    const RemoteLogConfiguration& log = read_.remote_logs.back();
    check_alias(log.alias, table);
    if (!log.writer) readonly_aliases_.insert(log.alias);
    if (log.writer.has_value() != table.contains("token_file"))
      complain(position_of(table, log.writer ? "writer" : "token_file"),
               "remote_log.writer and remote_log.token_file go together");
    if (!log.leaf_key.empty() && !signing_) signing_ = position_of(table, "leaf_key");
    if (log.writer)
      named_.push_back({"remote_log.writer", *log.writer, position_of(table, "writer")});
  }

  void check_padding(const toml::table& table) {
    const log::LogOptions::Padding& padding = read_.logs.back().options.padding;
    if ((padding.interval.count() == 0) != (padding.pairs == 0))
      complain(table.source().begin, "log.padding needs an interval and pairs, or neither");
  }

  void check_domain(const toml::table& table) {
    const DomainConfiguration& domain = read_.domains.back();
    if (!domains_.insert(*domain.name).second)
      complain(position_of(table, "name"), "another [[domain]] has this name");
    const Position logs = position_of(table, "logs");
    const std::set<std::string> different(domain.logs.begin(), domain.logs.end());
    if (different.size() != domain.logs.size()) complain(logs, "domain.logs has a log twice");
    if (domain.policy == DomainPolicy::single && domain.logs.size() != 1)
      complain(logs, "under the policy \"single\", domain.logs has one log");
    if (domain.policy == DomainPolicy::sharded &&
        (domain.logs.size() < 2 || domain.logs.size() > federation::kMaxShards))
      complain(logs, "under the policy \"sharded\", domain.logs has 2 to " +
                         std::to_string(federation::kMaxShards) + " logs");
    for (const std::string& log : domain.logs)
      routed_.push_back({log, logs, domain.url.has_value()});
    if (domain.url && !published_) published_ = position_of(table, "url");
  }

  void check_relay(const toml::table& table) {
    const Access users = read_.relay.users;
    if (users != Access::nobody && users != Access::authenticated)
      complain(position_of(table, "users"), R"(relay.users has to be "authenticated" or "nobody")");
    if (read_.relay.is_on()) relay_ = position_of(table, "users");
  }

  void check_federation(const toml::table& table) {
    const auto& witness = read_.federation.witness;
    if (witness.empty()) return;
    witness_ = position_of(table, "witness");
    const std::set<federation::Domain> domains(witness.begin(), witness.end());
    if (domains.size() != witness.size() || domains.size() > FederationConfiguration::kMaxWitnessed)
      complain(*witness_, "federation.witness has to have at most " +
                              std::to_string(FederationConfiguration::kMaxWitnessed) +
                              " domains, each once");
  }

  void check_peer(const toml::table& table) {
    const PeerConfiguration& peer = read_.peers.back();
    if (peer.domain && !peers_.insert(*peer.domain).second)
      complain(position_of(table, "domain"), "another [[peer]] has this domain");
    const bool has_certificate = table.contains("certificate");
    if (has_certificate != table.contains("private_key"))
      complain(position_of(table, has_certificate ? "certificate" : "private_key"),
               "peer.certificate and peer.private_key go together");
    if (peer.principal)
      named_.push_back({"peer.principal", *peer.principal, position_of(table, "principal")});
  }

  void check_access(const toml::table& table) {
    if (read_.domains.back().access.update == Access::everyone)
      complain(position_of(table, "update"),
               "with domain.access.update for everyone, anybody "
               "could replace anybody's keys");
    for (const char* const name : {"search", "update", "monitor"}) {
      const auto* const rule = table.get_as<std::string>(name);
      if (rule != nullptr && rule->get() == "authoriser")
        authorised_.emplace_back("domain.access." + std::string(name), position_of(table, name));
    }
  }

  void check_ohttp(const toml::table& table) {
    if (read_.ohttp.rotation < 2 * read_.ohttp.overlap)
      complain(table.source().begin, "ohttp.rotation has to be at least twice ohttp.overlap");
    if (read_.ohttp.enabled) oblivious_ = position_of(table, "enabled");
  }

  // Logs and domains may stand behind what names them.
  void check_domains(const toml::table& root) {
    for (const Routed& each : routed_) {
      if (!aliases_.contains(each.log))
        complain(each.position, "domain.logs names what is no [[log]] or [[remote_log]]");
      if (each.is_published && readonly_aliases_.contains(each.log))
        complain(each.position,
                 "domain.logs has a [[remote_log]] without a writer: what a domain with a url "
                 "publishes has to be written into its logs");
    }
    if (read_.default_domain && !domains_.contains(*read_.default_domain))
      complain(position_of(root, "default_domain"), "default_domain names no [[domain]]");
    if (published_ && !root.contains("state"))
      complain(*published_, "domain.url needs state, a directory for what is published");
    if (oblivious_ && !published_)
      complain(*oblivious_, "ohttp.enabled needs a [[domain]] with a url");
    if (relay_ && !root.contains("state"))
      complain(*relay_, "relay.users needs state, a directory for what is known of other domains");
    if (witness_ && !root.contains("state"))
      complain(*witness_, "federation.witness needs state, a directory for what is seen");
    for (const federation::Domain& domain : read_.federation.witness) {
      if (domains_.contains(domain))
        complain(*witness_,
                 "federation.witness names a [[domain]], whose logs are witnessed anyway");
    }
    if (signing_ && !root.contains("state"))
      complain(*signing_, "remote_log.leaf_key needs state, a directory for what is signed");
  }

  // The authoriser may stand behind the domains.
  void check_authorised(const toml::table& root) {
    if (root.contains("authoriser")) return;
    for (const auto& [key, position] : authorised_) complain(position, key + " needs [authoriser]");
  }

  // Principals may stand behind the logs.
  void check_named() {
    for (const auto& [key, name, position] : named_) {
      if (!names_.contains(name)) complain(position, key + " names no [[principal]]");
    }
  }

  // What principals show has to be asked for.
  void check_certificates() {
    if (!read_.listen.client_authorities.empty()) return;
    for (const auto& [name, position] : certificates_)
      complain(position, "principal.certificate needs listen.client_authorities");
  }

  std::filesystem::path directory_;
  GatewayConfiguration read_;
  std::optional<Fault> fault_;
  std::size_t faults_ = 0;
  std::set<std::string> names_;
  std::set<HashValue> tokens_;
  std::map<std::string, Position> certificates_;
  std::set<std::string> aliases_;
  std::set<std::filesystem::path> directories_;
  std::set<federation::Domain> domains_;
  std::set<std::string> readonly_aliases_;  // of remote logs
  std::optional<Position> published_;       // where a domain first has a url
  std::optional<Position> signing_;         // where a remote log first has a leaf_key
  std::vector<std::pair<std::string, Position>> authorised_;  // rules, and where they are
  std::optional<Position> oblivious_;                         // where Oblivious HTTP is enabled
  std::optional<Position> relay_;                             // where it is turned on
  std::optional<Position> witness_;                           // where its domains are
  std::set<federation::Domain> peers_;
  // A log's alias, where a domain has it, and whether that has a url.
  struct Routed {
    std::string log;
    Position position;
    bool is_published;
  };
  std::vector<Routed> routed_;
  // A principal's name, and where which key has it.
  struct Named {
    std::string key;
    std::string name;
    Position position;
  };
  std::vector<Named> named_;
};

tl::unexpected<Error> failure(const std::filesystem::path& file, const Fault& fault) {
  std::string place = file.string();
  if (fault.position != kNowhere)
    place +=
        ":" + std::to_string(fault.position.line) + ":" + std::to_string(fault.position.column);
  std::string what = place + ": " + fault.what;
  if (!fault.unknown.empty() && fault.unknown.size() <= kMaxPathSize)
    what += "; did you mean \"" + nearest_key(fault.unknown) + "\"?";
  return fail(Errc::malformed, std::move(what));
}

}  // namespace

Result<GatewayConfiguration> parse_configuration(std::string_view text,
                                                 const std::filesystem::path& file) {
  if (text.size() > kMaxConfigurationSize)
    return failure(file, {kNowhere, "it is larger than 1 MiB"});
  if (const auto chain = find_long_chain(text)) return failure(file, *chain);
  ConfigurationReader reader(file.parent_path());
  try {
    reader.read(toml::parse(text));
  } catch (const toml::parse_error& error) {
    return failure(file,
                   {error.source().begin, "not TOML: " + without_quotations(error.description())});
  }
  if (reader.fault()) return failure(file, *reader.fault());
  return reader.take();
}

Result<GatewayConfiguration> read_configuration(const std::filesystem::path& file) {
  const auto contents = store::read_small_file(file, kMaxConfigurationSize);
  if (!contents) return fail_in(file.string(), contents.error());
  return parse_configuration({reinterpret_cast<const char*>(contents->data()), contents->size()},
                             file);
}

}  // namespace kt::gateway
