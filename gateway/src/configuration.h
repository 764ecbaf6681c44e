// What a gateway is told by its operator: the configuration file.
//
// The file is TOML. Which keys there are, what each has to be and what holds without it is in
// configuration_keys.h; what they are for is in docs/configuration.md. Internal.
//
// Thread rule: plain values; the functions from any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/ip/udp.hpp>

#include "federation/address_rules.h"
#include "federation/domain.h"
#include "federation/http_client.h"
#include "federation/label_rule.h"
#include "federation/url.h"
#include "log/log.h"

namespace kt::gateway {

// [listen]. Certificate and private key are PEM files; there are both, or neither, and then `host`
// is a loopback address.
struct ListenConfiguration {
  std::string host;  // an IP literal, without brackets
  std::uint16_t port = 0;
  std::filesystem::path certificate;
  std::filesystem::path private_key;
  // PEM of those who sign clients' certificates. Empty for none, and where there is no TLS.
  std::filesystem::path client_authorities;
  // The field in which a proxy says who its client is; only where `host` is a loopback address.
  std::optional<std::string> client_address_field;
};

// [admin]. Without a socket there is no admin listener.
struct AdminConfiguration {
  std::filesystem::path socket;
  std::optional<std::string> group;  // whose members may connect
};

// [journal]: what is said on stderr, and how.
enum class JournalFormat : std::uint8_t { text, json };
struct JournalConfiguration {
  JournalFormat format = JournalFormat::text;
  bool answers = false;  // a line for each
};

// [limits]
struct LimitsConfiguration {
  std::size_t header_bytes = std::size_t{8} << 10;
  std::size_t request_bytes = std::size_t{64} << 10;
  std::size_t update_bytes = std::size_t{1} << 20;
  std::chrono::milliseconds header_timeout{5'000};
  std::chrono::milliseconds body_timeout{10'000};
  std::size_t body_floor = 1024;  // bytes a second
  std::chrono::milliseconds idle_timeout{75'000};
  std::chrono::milliseconds write_timeout{10'000};
  std::chrono::milliseconds drain_delay{5'000};  // where there is an admin listener
  std::chrono::milliseconds drain_timeout{30'000};
  std::size_t connections = 20'000;         // at a time
  std::size_t network_connections = 5'000;  // of them, of each network
  unsigned threads = 0;                     // 0 for one a processor
  // Of each network that asks without being known; 0 a second for no limit.
  unsigned requests_per_second = 20;
  unsigned burst = 40;
};

// [[principal]]: somebody who is known by a bearer token, a certificate or either. Names, tokens
// and certificates are unique.
struct PrincipalConfiguration {
  std::string name;
  std::optional<HashValue> token_sha256;
  std::optional<std::string> certificate;  // a name that it was issued for
  unsigned requests_per_second = 0;        // 0 for no limit
  unsigned burst = 40;
};

// [authoriser]. Without a URL there is none.
struct AuthoriserConfiguration {
  // It says allow or deny, and every request that a rule leaves to it waits for that.
  static federation::HttpClientOptions http_defaults() {
    federation::HttpClientOptions http;
    http.connections = 16;
    http.waiting = 256;
    http.total_timeout = std::chrono::milliseconds(2'000);
    http.response_limit = std::size_t{16} << 10;
    return http;
  }

  std::optional<federation::Url> url;
  std::filesystem::path token_file;  // empty for no token
  federation::HttpClientOptions http = http_defaults();
};

// [[log]]: a log that the gateway serves itself. Aliases and directories are unique; what else
// `options` needs to fit the log is found by log::check_log().
struct ServedLogConfiguration {
  std::filesystem::path directory;
  std::string alias;
  // Names of principals. Nobody may do what nobody is named for.
  std::optional<std::string> writer;
  std::optional<std::string> auditor;
  // The name of a principal that is another gateway, and the domain that it has the log for: both
  // or neither, and nobody else is the writer then.
  std::optional<std::string> gateway;
  std::optional<federation::Domain> gateway_domain;
  log::LogOptions options;
};

// [[remote_log]]: a log at another gateway. Aliases are unique among all logs.
struct RemoteLogConfiguration {
  // Upstreams are other parties: a client of this gateway does not wait longer for one of them.
  static federation::HttpClientOptions http_defaults() {
    federation::HttpClientOptions http;
    http.connections = 64;
    http.waiting = 192;
    return http;
  }

  std::string alias;
  std::optional<federation::Url> url;   // always there
  std::filesystem::path configuration;  // the draft's Configuration, encoded
  std::filesystem::path token_file;     // empty where nobody writes
  std::optional<std::string> writer;    // a principal's name; nobody may write without one
  // For a log that a third party manages for this gateway: with what its values are signed, empty
  // for any other log, and how often its heads are looked at.
  std::filesystem::path leaf_key;
  std::chrono::milliseconds follow_interval{10'000};
  federation::HttpClientOptions http = http_defaults();
};

// How a domain's requests are spread over its logs: routing/policy.h.
enum class DomainPolicy : std::uint8_t { single, sharded };

// Who may, from all to none. Besides, the principal that writes a log always may.
enum class Access : std::uint8_t {
  everyone,
  authenticated,  // principals, and whoever shows a certificate
  owner,          // whose certificate names the identity that the label is of
  authoriser,     // whom it allows; there is one then
  nobody,
};

// [domain.access]
struct AccessConfiguration {
  Access search = Access::everyone;
  Access update = Access::nobody;  // never everyone
  Access monitor = Access::everyone;
};

// [[domain]]: a domain whose requests are routed. Names are unique. `logs` are aliases of logs:
// one under single, and 2 to federation::kMaxShards different ones under sharded.
struct DomainConfiguration {
  std::optional<federation::Domain> name;  // always there
  federation::LabelRule label_rule = federation::LabelRule::bytes;
  DomainPolicy policy = DomainPolicy::single;
  std::vector<std::string> logs;
  std::optional<federation::Url> url;  // without one, no directory document is published
  AccessConfiguration access;
};

// [ohttp]: anonymous lookups. `rotation` is at least twice `overlap`; `enabled` needs a state, and
// a domain with a URL.
struct OhttpConfiguration {
  bool enabled = false;
  std::chrono::milliseconds rotation{std::chrono::hours(24)};  // how long a key is in use
  // How long a key is known before that, and goes on working after.
  std::chrono::milliseconds overlap{std::chrono::hours(1)};
  std::size_t pad_from = 1024;  // bytes of the smallest answer

  friend bool operator==(const OhttpConfiguration&, const OhttpConfiguration&) = default;
};

// [federation]: how other domains are found, and whose logs are witnessed.
struct FederationConfiguration {
  static constexpr std::size_t kMaxWitnessed = 64;

  std::vector<boost::asio::ip::udp::endpoint> resolvers;  // the system's when empty
  std::vector<federation::Network> allowed_addresses;     // beside those of the Internet
  std::vector<federation::Domain> witness;  // at most kMaxWitnessed, none of them a [[domain]]
  std::chrono::milliseconds witness_interval{600'000};

  friend bool operator==(const FederationConfiguration&, const FederationConfiguration&) = default;
};

// [relay]: what users of this gateway may have it carry to others.
struct RelayConfiguration {
  Access users = Access::nobody;  // or authenticated
  // Of each user; 0 a second for no limit.
  unsigned requests_per_second = 5;
  unsigned burst = 10;
  unsigned requests = 4;  // at a time
  // To each of the other gateways.
  std::size_t connections = 16;
  std::size_t waiting = 64;
  std::chrono::milliseconds connect_timeout{3'000};
  std::chrono::milliseconds total_timeout{10'000};
  std::size_t response_bytes = std::size_t{4} << 20;

  [[nodiscard]] bool is_on() const { return users != Access::nobody; }
  friend bool operator==(const RelayConfiguration&, const RelayConfiguration&) = default;
};

// What DNS has to be for a domain: `record` takes what is not authentic, too.
enum class DnssecPolicy : std::uint8_t { record, require };

// [[peer]]: another domain of which the operator knows more than everybody. Domains are unique.
struct PeerConfiguration {
  std::optional<federation::Domain> domain;  // always there
  std::optional<federation::Url> url;        // of its gateway, which is not looked for then
  std::filesystem::path authorities;         // PEM; the system's when empty
  std::vector<federation::Network> allowed_addresses;
  DnssecPolicy dnssec = DnssecPolicy::record;
  // What this gateway's relay shows its gateway: a token, a certificate and its key, or nothing.
  std::filesystem::path token_file;
  std::filesystem::path certificate;
  std::filesystem::path private_key;
  std::optional<std::string> principal;  // that its relay is here

  friend bool operator==(const PeerConfiguration&, const PeerConfiguration&) = default;
};

struct GatewayConfiguration {
  // Of identities that name no domain; one of `domains`.
  std::optional<federation::Domain> default_domain;
  // Where the gateway keeps what it has published and signed, its keys, and what it knows of other
  // domains; there if any of `domains` has a URL, or any of `remote_logs` a leaf key, or there is a
  // relay or something to witness.
  std::filesystem::path state;
  ListenConfiguration listen;
  AdminConfiguration admin;
  JournalConfiguration journal;
  LimitsConfiguration limits;
  OhttpConfiguration ohttp;
  std::vector<PrincipalConfiguration> principals;
  AuthoriserConfiguration authoriser;
  // At least one of either.
  std::vector<ServedLogConfiguration> logs;
  std::vector<RemoteLogConfiguration> remote_logs;
  std::vector<DomainConfiguration> domains;
  FederationConfiguration federation;
  RelayConfiguration relay;
  std::vector<PeerConfiguration> peers;
};

// Bytes that a configuration file may have.
inline constexpr std::size_t kMaxConfigurationSize = std::size_t{1} << 20;

// The configuration that `file` holds. Looks at no other file. Blocking.
// Errors: not_found; rejected when it is not a regular file; unavailable when the system refuses;
// those of parse_configuration().
Result<GatewayConfiguration> read_configuration(const std::filesystem::path& file);

// The configuration that `text` says. Relative paths in it are relative to the directory of `file`,
// which is otherwise only a name for errors.
// Errors: malformed, for the fault that comes first in the text, as "FILE:LINE:COLUMN: what". It
// names keys, never what they are set to; columns are characters, from 1.
Result<GatewayConfiguration> parse_configuration(std::string_view text,
                                                 const std::filesystem::path& file);

}  // namespace kt::gateway
