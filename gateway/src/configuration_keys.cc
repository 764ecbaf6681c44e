#include "configuration_keys.h"

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>

namespace kt::gateway {
namespace {

using Padding = log::LogOptions::Padding;
using Kind = ValueKind;

constexpr std::uint64_t kSecond = 1'000;
constexpr std::uint64_t kMinute = 60 * kSecond;
constexpr std::uint64_t kHour = 60 * kMinute;
constexpr std::uint64_t kDay = 24 * kHour;
constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kMiB = 1024 * kKiB;

ValuePlace default_domain(GatewayConfiguration& all) { return &all.default_domain; }
ValuePlace state(GatewayConfiguration& all) { return &all.state; }
ValuePlace in_listen(GatewayConfiguration& all) { return &all.listen; }

template <auto Member>
ValuePlace in_listen(GatewayConfiguration& all) {
  return &(all.listen.*Member);
}
template <auto Member>
ValuePlace in_admin(GatewayConfiguration& all) {
  return &(all.admin.*Member);
}
template <auto Member>
ValuePlace in_journal(GatewayConfiguration& all) {
  return &(all.journal.*Member);
}
template <auto Member>
ValuePlace in_limits(GatewayConfiguration& all) {
  return &(all.limits.*Member);
}
template <auto Member>
ValuePlace in_ohttp(GatewayConfiguration& all) {
  return &(all.ohttp.*Member);
}
template <auto Member>
ValuePlace in_principal(GatewayConfiguration& all) {
  return &(all.principals.back().*Member);
}
template <auto Member>
ValuePlace in_authoriser(GatewayConfiguration& all) {
  return &(all.authoriser.*Member);
}
template <auto Member>
ValuePlace in_authoriser_http(GatewayConfiguration& all) {
  return &(all.authoriser.http.*Member);
}
template <auto Member>
ValuePlace in_log(GatewayConfiguration& all) {
  return &(all.logs.back().*Member);
}
template <auto Member>
ValuePlace in_options(GatewayConfiguration& all) {
  return &(all.logs.back().options.*Member);
}
template <auto Member>
ValuePlace in_padding(GatewayConfiguration& all) {
  return &(all.logs.back().options.padding.*Member);
}
template <auto Member>
ValuePlace in_remote_log(GatewayConfiguration& all) {
  return &(all.remote_logs.back().*Member);
}
template <auto Member>
ValuePlace in_http(GatewayConfiguration& all) {
  return &(all.remote_logs.back().http.*Member);
}
template <auto Member>
ValuePlace in_domain(GatewayConfiguration& all) {
  return &(all.domains.back().*Member);
}

template <auto Member>
ValuePlace in_access(GatewayConfiguration& all) {
  return &(all.domains.back().access.*Member);
}

template <auto Member>
ValuePlace in_federation(GatewayConfiguration& all) {
  return &(all.federation.*Member);
}
template <auto Member>
ValuePlace in_relay(GatewayConfiguration& all) {
  return &(all.relay.*Member);
}
template <auto Member>
ValuePlace in_peer(GatewayConfiguration& all) {
  return &(all.peers.back().*Member);
}

void add_principal(GatewayConfiguration& all) { all.principals.emplace_back(); }
void add_log(GatewayConfiguration& all) { all.logs.emplace_back(); }
void add_remote_log(GatewayConfiguration& all) { all.remote_logs.emplace_back(); }
void add_domain(GatewayConfiguration& all) { all.domains.emplace_back(); }
void add_peer(GatewayConfiguration& all) { all.peers.emplace_back(); }

constexpr std::array kSections{
    ConfigurationSection{"listen", true, nullptr, "Where requests come in."},
    ConfigurationSection{"admin", false, nullptr,
                         "Where an operator asks how the gateway is, and looks after its logs: "
                         "operations.md."},
    ConfigurationSection{"journal", false, nullptr,
                         "What the gateway says on stderr: What it says, in operations.md."},
    ConfigurationSection{"limits", false, nullptr, "What one client may take of the gateway."},
    ConfigurationSection{
        "principal", false, &add_principal,
        "Somebody who is known by a bearer token or a certificate; as many as there "
        "are."},
    ConfigurationSection{"authoriser", false, nullptr,
                         "A service that says who may do what, where a rule of a domain leaves it "
                         "to it: authoriser.md."},
    ConfigurationSection{"log", true, &add_log,
                         "A log that this gateway serves; as many as there are."},
    ConfigurationSection{"log.padding", false, nullptr,
                         "Fakes that hide how often the log above changes: Padding, in "
                         "operating-logs.md."},
    ConfigurationSection{"remote_log", false, &add_remote_log,
                         "A log at another gateway, which is asked for this gateway's clients; as "
                         "many as there are: remote-logs.md."},
    ConfigurationSection{"domain", false, &add_domain,
                         "A domain whose users' requests are routed to the logs above; as many as "
                         "there are. Without one, each log is asked by its name alone."},
    ConfigurationSection{"domain.access", false, nullptr,
                         "Who may do what with labels of the domain above, through it or asking a "
                         "log by its name. Whoever writes the log that has a label always may."},
    ConfigurationSection{"ohttp", false, nullptr,
                         "Oblivious HTTP, for those who ask through a relay so that nobody learns "
                         "both who they are and what they ask: Anonymous lookups, in "
                         "operations.md."},
    ConfigurationSection{"federation", false, nullptr,
                         "How other domains are found, and whose logs are witnessed: "
                         "federation.md."},
    ConfigurationSection{"relay", false, nullptr,
                         "What this gateway carries to other domains for its users, who stay "
                         "unknown there: The relay, in federation.md."},
    ConfigurationSection{"peer", false, &add_peer,
                         "Another domain of which more is known here than what it publishes; as "
                         "many as there are."},
};

constexpr std::array kKeys{
    ConfigurationKey{"", "default_domain", Kind::domain, false, &default_domain, 0, 0,
                     "example.com",
                     "The one of the domains below that identities belong to which name none, such "
                     "as telephone numbers. Without it they are refused."},
    ConfigurationKey{"", "state", Kind::path, false, &state, 0, 0, "state",
                     "A directory, made when it is not there, in which the gateway keeps what its "
                     "domains have published, what it has signed, and what it knows of other "
                     "domains. Needed where a domain has a url, a remote log has a leaf_key, or "
                     "there is a relay or a domain to witness.",
                     true},

    ConfigurationKey{"listen", "address", Kind::address, true, &in_listen, 0, 0, "127.0.0.1:8443",
                     "Port 0 takes any that is free.", true},
    ConfigurationKey{"listen", "certificate", Kind::path, false,
                     &in_listen<&ListenConfiguration::certificate>, 0, 0, "certificate.pem",
                     "The certificate chain in PEM, the server's own first. Without it there is no "
                     "TLS, and the address has to be a loopback address."},
    ConfigurationKey{"listen", "private_key", Kind::path, false,
                     &in_listen<&ListenConfiguration::private_key>, 0, 0, "private-key.pem",
                     "The certificate's key in PEM, readable by its owner only."},
    ConfigurationKey{
        "listen", "client_authorities", Kind::path, false,
        &in_listen<&ListenConfiguration::client_authorities>, 0, 0, "clients.pem",
        "Certificates in PEM of those who sign clients' certificates. With it a client "
        "may show one, which has to verify. Needs a certificate here."},
    ConfigurationKey{"listen", "client_address_field", Kind::field_name, false,
                     &in_listen<&ListenConfiguration::client_address_field>, 0, 0,
                     "X-Forwarded-For",
                     "The field in which a proxy on this machine says, last, who its client is. "
                     "Only where the address is a loopback address."},

    ConfigurationKey{"admin", "socket", Kind::path, true, &in_admin<&AdminConfiguration::socket>, 0,
                     0, "/run/ktgate/admin.socket",
                     "A unix socket, to which only the user who runs the gateway may connect. It "
                     "is made when the gateway starts, in a directory that is there.",
                     true},
    ConfigurationKey{"admin", "group", Kind::name, false, &in_admin<&AdminConfiguration::group>, 0,
                     0, "ktgate-admin", "The group whose members may connect, too.", true},

    ConfigurationKey{"journal", "format", Kind::journal_format, false,
                     &in_journal<&JournalConfiguration::format>, 0, 0, "text",
                     "Lines for people, or a JSON object each."},
    ConfigurationKey{"journal", "answers", Kind::flag, false,
                     &in_journal<&JournalConfiguration::answers>, 0, 0, "",
                     "Whether there is a line for each request that was answered. It names no "
                     "one."},

    ConfigurationKey{"limits", "header_bytes", Kind::size, false,
                     &in_limits<&LimitsConfiguration::header_bytes>, kKiB, 64 * kKiB, "",
                     "How large the header of a request may be."},
    ConfigurationKey{"limits", "request_bytes", Kind::size, false,
                     &in_limits<&LimitsConfiguration::request_bytes>, kKiB, 16 * kMiB, "",
                     "How large the body of a request may be."},
    ConfigurationKey{"limits", "update_bytes", Kind::size, false,
                     &in_limits<&LimitsConfiguration::update_bytes>, kKiB, 16 * kMiB, "",
                     "How large the body of an update may be."},
    ConfigurationKey{"limits", "header_timeout", Kind::duration, false,
                     &in_limits<&LimitsConfiguration::header_timeout>, 100, kHour, "",
                     "How long a header may take to come."},
    ConfigurationKey{"limits", "body_timeout", Kind::duration, false,
                     &in_limits<&LimitsConfiguration::body_timeout>, 100, kHour, "",
                     "How long a body may take to come."},
    ConfigurationKey{"limits", "body_floor", Kind::size, false,
                     &in_limits<&LimitsConfiguration::body_floor>, 1, kMiB, "",
                     "How slowly a body may come: bytes a second."},
    ConfigurationKey{"limits", "idle_timeout", Kind::duration, false,
                     &in_limits<&LimitsConfiguration::idle_timeout>, 100, kHour, "",
                     "How long a connection may have no request."},
    ConfigurationKey{"limits", "write_timeout", Kind::duration, false,
                     &in_limits<&LimitsConfiguration::write_timeout>, 100, kHour, "",
                     "How long a client may take to accept an answer."},
    ConfigurationKey{"limits", "drain_delay", Kind::duration, false,
                     &in_limits<&LimitsConfiguration::drain_delay>, 0, kHour, "",
                     "How long a gateway that is to end goes on as before, and says at its admin "
                     "listener that it is not ready; without one it does not wait."},
    ConfigurationKey{"limits", "drain_timeout", Kind::duration, false,
                     &in_limits<&LimitsConfiguration::drain_timeout>, 0, kHour, "",
                     "How long requests under way may take when the gateway ends."},
    ConfigurationKey{"limits", "connections", Kind::number, false,
                     &in_limits<&LimitsConfiguration::connections>, 1, 1'000'000, "",
                     "How many connections there may be at a time."},
    ConfigurationKey{"limits", "network_connections", Kind::number, false,
                     &in_limits<&LimitsConfiguration::network_connections>, 1, 1'000'000, "",
                     "How many of them an IPv4 address, or an IPv6 network of 64 bits, may have. "
                     "Not for a proxy with a client_address_field."},
    ConfigurationKey{"limits", "threads", Kind::number, false,
                     &in_limits<&LimitsConfiguration::threads>, 0, 1024, "",
                     "Threads that answer requests; 0 for one a processor.", true},

    ConfigurationKey{"limits", "requests_per_second", Kind::number, false,
                     &in_limits<&LimitsConfiguration::requests_per_second>, 0, 1'000'000, "",
                     "How many requests an IPv4 address, or an IPv6 network of 64 bits, may make "
                     "that no principal makes; 0 for no limit."},
    ConfigurationKey{"limits", "burst", Kind::number, false,
                     &in_limits<&LimitsConfiguration::burst>, 1, 1'000'000, "",
                     "How many of them may come at once after a pause."},

    ConfigurationKey{"principal", "name", Kind::name, true,
                     &in_principal<&PrincipalConfiguration::name>, 0, 0, "somebody",
                     "What rules call them. No two have the same."},
    ConfigurationKey{
        "principal", "token_sha256", Kind::token_hash, false,
        &in_principal<&PrincipalConfiguration::token_sha256>, 0, 0,
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "SHA-256 of the token, which is random and stands in no file here. A principal "
        "has a token, a certificate or both."},
    ConfigurationKey{"principal", "certificate", Kind::certificate_name, false,
                     &in_principal<&PrincipalConfiguration::certificate>, 0, 0,
                     "publisher.example.com",
                     "A name, mail address or URI that the principal's certificate was issued for. "
                     "Needs listen.client_authorities."},
    ConfigurationKey{"principal", "requests_per_second", Kind::number, false,
                     &in_principal<&PrincipalConfiguration::requests_per_second>, 0, 1'000'000, "",
                     "How many requests they may make; 0 for no limit."},
    ConfigurationKey{"principal", "burst", Kind::number, false,
                     &in_principal<&PrincipalConfiguration::burst>, 1, 1'000'000, "",
                     "How many of them may come at once after a pause."},

    ConfigurationKey{"authoriser", "url", Kind::url, true,
                     &in_authoriser<&AuthoriserConfiguration::url>, 0, 0,
                     "https://authoriser.example.com/ktgate", "Where it is asked."},
    ConfigurationKey{"authoriser", "socket", Kind::path, false,
                     &in_authoriser_http<&federation::HttpClientOptions::socket>, 0, 0,
                     "/run/authoriser.socket",
                     "A unix socket at which it is, in the place of the URL's host."},
    ConfigurationKey{"authoriser", "authorities", Kind::path, false,
                     &in_authoriser_http<&federation::HttpClientOptions::authorities>, 0, 0,
                     "authorities.pem",
                     "The certificate authorities, in PEM, that it proves its name to; the "
                     "system's without it."},
    ConfigurationKey{"authoriser", "token_file", Kind::path, false,
                     &in_authoriser<&AuthoriserConfiguration::token_file>, 0, 0, "authoriser.token",
                     "The token by which it knows this gateway, readable by its owner only."},
    ConfigurationKey{"authoriser", "timeout", Kind::duration, false,
                     &in_authoriser_http<&federation::HttpClientOptions::total_timeout>, 10,
                     kMinute, "",
                     "How long a decision may take, with all that is before it. What takes longer "
                     "is refused."},
    ConfigurationKey{"authoriser", "connections", Kind::number, false,
                     &in_authoriser_http<&federation::HttpClientOptions::connections>, 1, 1024, "",
                     "How many connections there may be to it, with a question at a time on "
                     "each."},
    ConfigurationKey{"authoriser", "waiting", Kind::number, false,
                     &in_authoriser_http<&federation::HttpClientOptions::waiting>, 0, 100'000, "",
                     "How many more questions may wait; the next is refused."},

    ConfigurationKey{"log", "directory", Kind::path, true,
                     &in_log<&ServedLogConfiguration::directory>, 0, 0, "example.log",
                     "Where ktgate log create made it."},
    ConfigurationKey{"log", "alias", Kind::alias, true, &in_log<&ServedLogConfiguration::alias>, 0,
                     0, "example", "What it is called in URLs and metrics. No two have the same."},
    ConfigurationKey{"log", "writer", Kind::name, false, &in_log<&ServedLogConfiguration::writer>,
                     0, 0, "somebody", "The principal who may update labels over HTTP."},
    ConfigurationKey{"log", "auditor", Kind::name, false, &in_log<&ServedLogConfiguration::auditor>,
                     0, 0, "somebody",
                     "The principal who may fetch what the auditor is sent, and bring "
                     "the auditor's heads."},
    ConfigurationKey{
        "log", "gateway", Kind::name, false, &in_log<&ServedLogConfiguration::gateway>, 0, 0,
        "somebody",
        "The principal that is another gateway, which has this log for a domain of "
        "its own. It alone may write, also what belongs to gateways, and the log signs "
        "that domain's directory documents for it: remote-logs.md. Together with "
        "gateway_domain."},
    ConfigurationKey{"log", "gateway_domain", Kind::domain, false,
                     &in_log<&ServedLogConfiguration::gateway_domain>, 0, 0, "example.net",
                     "That domain. This gateway has none with a url for the log."},
    ConfigurationKey{"log", "commit_window", Kind::duration, false,
                     &in_options<&log::LogOptions::commit_window>, 0, kMinute, "",
                     "How far entries with updates are apart at least.", true},
    ConfigurationKey{"log", "commit_limit", Kind::number, false,
                     &in_options<&log::LogOptions::commit_limit>, 1, 100'000, "",
                     "How many waiting updates make an entry at once.", true},
    ConfigurationKey{"log", "queue_limit", Kind::number, false,
                     &in_options<&log::LogOptions::queue_limit>, 1, 1'000'000, "",
                     "How many updates may wait; more are refused.", true},
    ConfigurationKey{"log", "value_limit", Kind::size, false,
                     &in_options<&log::LogOptions::value_limit>, 1, 16 * kMiB, "",
                     "How large a value may be.", true},
    ConfigurationKey{"log", "read_cache", Kind::size, false,
                     &in_options<&log::LogOptions::read_cache>, 0, 64UL * 1024 * kMiB, "",
                     "How much memory may hold what searches read again and again.", true},
    ConfigurationKey{"log", "prune_interval", Kind::duration, false,
                     &in_options<&log::LogOptions::prune_interval>, kSecond, 30 * kDay, "",
                     "How often a log with a maximum lifetime looks for what to give up.", true},
    ConfigurationKey{"log", "initial_padding", Kind::number, false,
                     &in_options<&log::LogOptions::initial_padding>, 0, 10'000'000, "",
                     "Fake label-versions that a log without entries begins with."},

    ConfigurationKey{"log.padding", "interval", Kind::duration, false,
                     &in_padding<&Padding::interval>, 0, kDay, "",
                     "How far entries are apart; 0s for no padding.", true},
    ConfigurationKey{
        "log.padding", "pairs", Kind::number, false, &in_padding<&Padding::pairs>, 0, 10'000, "",
        "New label-versions of an entry, fakes among them, or a multiple of it.", true},

    ConfigurationKey{"remote_log", "alias", Kind::alias, true,
                     &in_remote_log<&RemoteLogConfiguration::alias>, 0, 0, "elsewhere",
                     "What it is called in URLs and metrics. No two logs have the same."},
    ConfigurationKey{"remote_log", "url", Kind::url, true,
                     &in_remote_log<&RemoteLogConfiguration::url>, 0, 0, "https://kt.example.net",
                     "The gateway that has it."},
    ConfigurationKey{"remote_log", "configuration", Kind::path, true,
                     &in_remote_log<&RemoteLogConfiguration::configuration>, 0, 0,
                     "elsewhere.configuration",
                     "The log's configuration for clients, by which it is known."},
    ConfigurationKey{"remote_log", "token_file", Kind::path, false,
                     &in_remote_log<&RemoteLogConfiguration::token_file>, 0, 0, "elsewhere.token",
                     "The token by which the other gateway knows this one as the log's writer, "
                     "readable by its owner only."},
    ConfigurationKey{"remote_log", "writer", Kind::name, false,
                     &in_remote_log<&RemoteLogConfiguration::writer>, 0, 0, "somebody",
                     "The principal who may update labels here. Needs token_file."},
    ConfigurationKey{"remote_log", "leaf_key", Kind::path, false,
                     &in_remote_log<&RemoteLogConfiguration::leaf_key>, 0, 0, "elsewhere-leaf.pem",
                     "The private key with which this gateway signs each value, for a log that a "
                     "third party manages for it; readable by its owner only."},
    ConfigurationKey{"remote_log", "follow_interval", Kind::duration, false,
                     &in_remote_log<&RemoteLogConfiguration::follow_interval>, 100, kHour, "",
                     "How often the heads of such a log are looked at."},
    ConfigurationKey{"remote_log", "authorities", Kind::path, false,
                     &in_http<&federation::HttpClientOptions::authorities>, 0, 0, "authorities.pem",
                     "The certificate authorities, in PEM, that the other gateway proves its name "
                     "to; the system's without it."},
    ConfigurationKey{"remote_log", "connections", Kind::number, false,
                     &in_http<&federation::HttpClientOptions::connections>, 1, 1024, "",
                     "How many connections there may be to it, with a request at a time on each."},
    ConfigurationKey{"remote_log", "waiting", Kind::number, false,
                     &in_http<&federation::HttpClientOptions::waiting>, 0, 100'000, "",
                     "How many more requests may wait; the next is refused."},
    ConfigurationKey{"remote_log", "connect_timeout", Kind::duration, false,
                     &in_http<&federation::HttpClientOptions::connect_timeout>, 10, kMinute, "",
                     "How long a connection may take to be made."},
    ConfigurationKey{"remote_log", "total_timeout", Kind::duration, false,
                     &in_http<&federation::HttpClientOptions::total_timeout>, 10, kMinute, "",
                     "How long an answer may take, with all that is before it."},
    ConfigurationKey{"remote_log", "response_bytes", Kind::size, false,
                     &in_http<&federation::HttpClientOptions::response_limit>, kKiB, 64 * kMiB, "",
                     "How large an answer may be."},

    ConfigurationKey{"domain", "name", Kind::domain, true, &in_domain<&DomainConfiguration::name>,
                     0, 0, "example.com", "What controls the identities. No two are the same."},
    ConfigurationKey{"domain", "label_rule", Kind::label_rule, true,
                     &in_domain<&DomainConfiguration::label_rule>, 0, 0, "UsernameCaseMapped",
                     "Which spellings of a local part are one: Local parts, in identities.md. "
                     "Another rule makes other labels, so it stays as it is."},
    ConfigurationKey{"domain", "policy", Kind::policy, true,
                     &in_domain<&DomainConfiguration::policy>, 0, 0, "single",
                     "Whether one log has all labels, or each label is in one of 2 to 255 logs, "
                     "which its hash picks."},
    ConfigurationKey{"domain", "logs", Kind::aliases, true, &in_domain<&DomainConfiguration::logs>,
                     0, 0, "example", "The logs that have the labels."},
    ConfigurationKey{"domain", "url", Kind::url, false, &in_domain<&DomainConfiguration::url>, 0, 0,
                     "https://kt.example.com",
                     "Where clients reach this gateway. With it the domain's directory document is "
                     "published: directory-document.md."},

    ConfigurationKey{"domain.access", "search", Kind::access, false,
                     &in_access<&AccessConfiguration::search>, 0, 0, "everyone",
                     "Who may look labels up."},
    ConfigurationKey{"domain.access", "update", Kind::access, false,
                     &in_access<&AccessConfiguration::update>, 0, 0, "nobody",
                     "Who may change them, besides the writer; not everyone."},
    ConfigurationKey{"domain.access", "monitor", Kind::access, false,
                     &in_access<&AccessConfiguration::monitor>, 0, 0, "everyone",
                     "Who may monitor them, as their owner or as a contact."},

    ConfigurationKey{"ohttp", "enabled", Kind::flag, false, &in_ohttp<&OhttpConfiguration::enabled>,
                     0, 0, "",
                     "Whether it is offered. Needs state, where its keys are kept, and a domain "
                     "with a url, whose logs say which keys there are.",
                     true},
    ConfigurationKey{"ohttp", "rotation", Kind::duration, false,
                     &in_ohttp<&OhttpConfiguration::rotation>, 2 * kSecond, 365 * kDay, "",
                     "How long a key is in use before another one is.", true},
    ConfigurationKey{"ohttp", "overlap", Kind::duration, false,
                     &in_ohttp<&OhttpConfiguration::overlap>, kSecond, 30 * kDay, "",
                     "How long a key is published before it is in use, and how long it goes on "
                     "working after; at most half of rotation. Clients keep the keys for half of "
                     "it.",
                     true},
    ConfigurationKey{"ohttp", "pad_from", Kind::size, false,
                     &in_ohttp<&OhttpConfiguration::pad_from>, 256, kMiB, "",
                     "How large the smallest answer is made; larger ones are filled up to it "
                     "doubled, and so on.",
                     true},
    ConfigurationKey{
        "federation", "resolvers", Kind::name_servers, false,
        &in_federation<&FederationConfiguration::resolvers>, 0, 0, "127.0.0.1",
        "The name servers to ask, which validate (DNSSEC) and are on this machine; the "
        "system's without it."},
    ConfigurationKey{"federation", "allowed_addresses", Kind::networks, false,
                     &in_federation<&FederationConfiguration::allowed_addresses>, 0, 0,
                     "10.20.0.0/16",
                     "Networks that other domains may lead to, beside the Internet's."},
    ConfigurationKey{"federation", "witness", Kind::domains, false,
                     &in_federation<&FederationConfiguration::witness>, 0, 0, "example.net",
                     "Other domains, at most 64, whose logs this gateway looks at, to find out "
                     "whether they show everybody one history: Witnesses, in federation.md. Needs "
                     "state."},
    ConfigurationKey{"federation", "witness_interval", Kind::duration, false,
                     &in_federation<&FederationConfiguration::witness_interval>, kSecond, kDay, "",
                     "How often it does, less by up to half."},

    ConfigurationKey{"relay", "users", Kind::access, false, &in_relay<&RelayConfiguration::users>,
                     0, 0, "authenticated",
                     R"(Who may use it: "authenticated", but no principal of a peer; or )"
                     R"("nobody", as without it.)"},
    ConfigurationKey{"relay", "requests_per_second", Kind::number, false,
                     &in_relay<&RelayConfiguration::requests_per_second>, 0, 1'000'000, "",
                     "How many requests each of them may make; 0 for no limit."},
    ConfigurationKey{"relay", "burst", Kind::number, false, &in_relay<&RelayConfiguration::burst>,
                     1, 1'000'000, "", "How many of them may come at once after a pause."},
    ConfigurationKey{"relay", "requests", Kind::number, false,
                     &in_relay<&RelayConfiguration::requests>, 1, 1024, "",
                     "How many may be under way at a time for each of them."},
    ConfigurationKey{"relay", "connections", Kind::number, false,
                     &in_relay<&RelayConfiguration::connections>, 1, 1024, "",
                     "How many connections there may be to another gateway, with a request at a "
                     "time on each."},
    ConfigurationKey{"relay", "waiting", Kind::number, false,
                     &in_relay<&RelayConfiguration::waiting>, 0, 100'000, "",
                     "How many more requests may wait; the next is refused."},
    ConfigurationKey{"relay", "connect_timeout", Kind::duration, false,
                     &in_relay<&RelayConfiguration::connect_timeout>, 10, kMinute, "",
                     "How long a connection may take to be made."},
    ConfigurationKey{"relay", "total_timeout", Kind::duration, false,
                     &in_relay<&RelayConfiguration::total_timeout>, 10, kMinute, "",
                     "How long an answer may take, with all that is before it."},
    ConfigurationKey{"relay", "response_bytes", Kind::size, false,
                     &in_relay<&RelayConfiguration::response_bytes>, kKiB, 64 * kMiB, "",
                     "How large an answer may be."},

    ConfigurationKey{"peer", "domain", Kind::domain, true, &in_peer<&PeerConfiguration::domain>, 0,
                     0, "example.net", "Which one. No two are the same."},
    ConfigurationKey{"peer", "url", Kind::url, false, &in_peer<&PeerConfiguration::url>, 0, 0,
                     "https://kt.example.net",
                     "Its gateway, whatever it publishes; an address in it is permitted. Without "
                     "it the domain is looked for."},
    ConfigurationKey{"peer", "authorities", Kind::path, false,
                     &in_peer<&PeerConfiguration::authorities>, 0, 0, "example-net.pem",
                     "The certificate authorities, in PEM, that its gateway proves its name to; "
                     "the system's without it."},
    ConfigurationKey{"peer", "allowed_addresses", Kind::networks, false,
                     &in_peer<&PeerConfiguration::allowed_addresses>, 0, 0, "10.30.0.0/16",
                     "Networks that it may lead to, beside those for all."},
    ConfigurationKey{"peer", "dnssec", Kind::dnssec, false, &in_peer<&PeerConfiguration::dnssec>, 0,
                     0, "record", "Whether what the name servers have not validated is refused."},
    ConfigurationKey{"peer", "token_file", Kind::path, false,
                     &in_peer<&PeerConfiguration::token_file>, 0, 0, "example-net.token",
                     "The token by which its gateway knows this one's relay, readable by its owner "
                     "only."},
    ConfigurationKey{"peer", "certificate", Kind::path, false,
                     &in_peer<&PeerConfiguration::certificate>, 0, 0, "relay.pem",
                     "The certificate chain, in PEM, by which it does."},
    ConfigurationKey{"peer", "private_key", Kind::path, false,
                     &in_peer<&PeerConfiguration::private_key>, 0, 0, "relay-key.pem",
                     "The certificate's key in PEM, readable by its owner only."},
    ConfigurationKey{"peer", "principal", Kind::name, false,
                     &in_peer<&PeerConfiguration::principal>, 0, 0, "somebody",
                     "The principal that its relay is here: with a rate of its own, and none of "
                     "those whom this relay is for."},
};

// Levenshtein's.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  // Of what was taken of `a` so far to each beginning of `b`.
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (const char letter : a) {
    std::size_t diagonal = row[0]++;
    for (std::size_t i = 1; i < row.size(); ++i) {
      const std::size_t replaced = diagonal + (letter == b[i - 1] ? 0 : 1);
      diagonal = row[i];
      row[i] = std::min({replaced, row[i] + 1, row[i - 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::span<const ConfigurationSection> configuration_sections() { return kSections; }
std::span<const ConfigurationKey> configuration_keys() { return kKeys; }

const ConfigurationSection* find_section(std::string_view path) {
  const auto* const found =
      std::find_if(kSections.begin(), kSections.end(),
                   [path](const ConfigurationSection& section) { return section.path == path; });
  return found == kSections.end() ? nullptr : found;
}

const ConfigurationKey* find_key(std::string_view section, std::string_view name) {
  const auto* const found = std::find_if(
      kKeys.begin(), kKeys.end(),
      [&](const ConfigurationKey& key) { return key.section == section && key.name == name; });
  return found == kKeys.end() ? nullptr : found;
}

std::string nearest_key(std::string_view path) {
  std::string nearest;
  std::size_t least = std::numeric_limits<std::size_t>::max();
  for (const ConfigurationKey& key : kKeys) {
    std::string candidate = key.path();
    const std::size_t distance = edit_distance(path, candidate);
    if (distance >= least) continue;
    least = distance;
    nearest = std::move(candidate);
  }
  return nearest;
}

}  // namespace kt::gateway
