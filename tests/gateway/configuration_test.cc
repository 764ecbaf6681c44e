// The configuration file: what it gives, and what is said of a fault.
#include "configuration.h"

#include <gtest/gtest.h>

#include "configuration_example.h"
#include "configuration_keys.h"
#include "must.h"
#include "names.h"
#include "program.h"

namespace kt::gateway {
namespace {

using std::chrono::milliseconds;

constexpr const char* kListen = "[listen]\naddress = \"127.0.0.1:8443\"\n";
constexpr const char* kLog = "[[log]]\ndirectory = \"a\"\nalias = \"a\"\n";

GatewayConfiguration parsed(const std::string& text) {
  return must(parse_configuration(text, "/etc/ktgate/gateway.toml"));
}

// What is wrong with `text`; empty when nothing is.
std::string fault_of(const std::string& text) {
  const auto result = parse_configuration(text, "gateway.toml");
  if (result) return "";
  EXPECT_EQ(result.error().code, Errc::malformed);
  return result.error().detail;
}

// What is wrong when `line` is the second line of a file that is right otherwise.
std::string fault_in_listen(const std::string& line) {
  return fault_of("[listen]\n" + line + "\naddress = \"127.0.0.1:1\"\n" + kLog);
}
std::string fault_in_limits(const std::string& line) {
  return fault_of("[limits]\n" + line + "\n" + kListen + kLog);
}
std::string fault_in_log(const std::string& line) {
  return fault_of("[[log]]\n" + line + "\ndirectory = \"a\"\n" + kListen);
}

void expect_equal(const GatewayConfiguration& a, const GatewayConfiguration& b) {
  EXPECT_EQ(a.listen.host, b.listen.host);
  EXPECT_EQ(a.listen.port, b.listen.port);
  const auto as_tuple = [](const LimitsConfiguration& limits) {
    return std::tie(limits.header_bytes, limits.request_bytes, limits.update_bytes,
                    limits.header_timeout, limits.body_timeout, limits.body_floor,
                    limits.idle_timeout, limits.write_timeout, limits.drain_delay,
                    limits.drain_timeout, limits.connections, limits.network_connections,
                    limits.threads);
  };
  EXPECT_EQ(as_tuple(a.limits), as_tuple(b.limits));
  ASSERT_EQ(a.logs.size(), b.logs.size());
  for (std::size_t i = 0; i < a.logs.size(); ++i) {
    EXPECT_EQ(a.logs[i].directory, b.logs[i].directory);
    EXPECT_EQ(a.logs[i].alias, b.logs[i].alias);
    const auto options = [](const log::LogOptions& o) {
      return std::tie(o.commit_window, o.commit_limit, o.queue_limit, o.value_limit,
                      o.prune_interval, o.padding.interval, o.padding.pairs, o.initial_padding);
    };
    EXPECT_EQ(options(a.logs[i].options), options(b.logs[i].options));
  }
}

TEST(Configuration, EveryKeyIsReadIntoItsPlace) {
  const GatewayConfiguration all = parsed(R"(
    default_domain = "EXAMPLE.org"
    state = "published"
    [listen]
    address = "[2001:db8::1]:443"
    certificate = "tls/certificate.pem"
    private_key = "/srv/key.pem"
    client_authorities = "clients.pem"
    [admin]
    socket = "run/admin.socket"
    group = "operators"
    [limits]
    header_bytes = 2048
    request_bytes = "3KiB"
    update_bytes = "4MiB"
    header_timeout = "101ms"
    body_timeout = "6s"
    body_floor = 7
    idle_timeout = "8m"
    write_timeout = "9s"
    drain_delay = "1s"
    drain_timeout = "0s"
    connections = 11
    network_connections = 10
    threads = 12
    requests_per_second = 13
    burst = 14
    [[principal]]
    name = "auditor@example.net"
    token_sha256 = "000102030405060708090A0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
    [[principal]]
    name = "other"
    certificate = "spiffe://example.net/other"
    requests_per_second = 15
    burst = 16
    token_sha256 = "ff00000000000000000000000000000000000000000000000000000000000000"
    [[log]]
    directory = "one.log"
    alias = "one"
    auditor = "auditor@example.net"
    commit_window = "0s"
    commit_limit = 13
    queue_limit = 14
    value_limit = 15
    prune_interval = "16s"
    initial_padding = 17
    [log.padding]
    interval = "18s"
    pairs = 19
    [[log]]
    directory = "/var/two.log"
    alias = "2-two"
    [[remote_log]]
    alias = "far"
    url = "https://kt.example.net/base"
    configuration = "far.configuration"
    token_file = "far.token"
    writer = "other"
    leaf_key = "leaf.pem"
    follow_interval = "19s"
    authorities = "far.pem"
    connections = 20
    waiting = 21
    connect_timeout = "22ms"
    total_timeout = "23s"
    response_bytes = "24KiB"
    [[remote_log]]
    alias = "farther"
    url = "http://127.0.0.1:1"
    configuration = "/etc/farther.configuration"
    [[domain]]
    name = "example.com"
    label_rule = "ascii-lower"
    policy = "sharded"
    logs = ["2-two", "one"]
    [domain.access]
    search = "authenticated"
    update = "owner"
    monitor = "nobody"
    [[domain]]
    name = "example.org"
    label_rule = "UsernameCaseMapped"
    policy = "single"
    logs = ["one"]
    url = "https://kt.example.org:8443/base"
    [federation]
    resolvers = ["127.0.0.1:5353", "::1"]
    allowed_addresses = ["10.0.0.0/8"]
    witness = ["EXAMPLE.net", "example.edu"]
    witness_interval = "2m"
    [relay]
    users = "authenticated"
    requests_per_second = 25
    burst = 26
    requests = 27
    connections = 28
    waiting = 29
    connect_timeout = "30ms"
    total_timeout = "31s"
    response_bytes = "32KiB"
    [[peer]]
    domain = "EXAMPLE.net"
    url = "https://kt.example.net:8443"
    authorities = "net.pem"
    allowed_addresses = ["10.1.2.3", "fd00::/8"]
    dnssec = "require"
    token_file = "net.token"
    certificate = "relay.pem"
    private_key = "relay.key"
    principal = "other"
    [[peer]]
    domain = "example.edu"
  )");
  EXPECT_EQ(all.default_domain, domain_of("example.org"));
  EXPECT_EQ(all.state, "/etc/ktgate/published");
  EXPECT_EQ(all.listen.host, "2001:db8::1");
  EXPECT_EQ(all.listen.port, 443);
  EXPECT_EQ(all.listen.certificate, "/etc/ktgate/tls/certificate.pem");
  EXPECT_EQ(all.listen.private_key, "/srv/key.pem");
  EXPECT_EQ(all.listen.client_authorities, "/etc/ktgate/clients.pem");
  EXPECT_EQ(all.admin.socket, "/etc/ktgate/run/admin.socket");
  EXPECT_EQ(all.admin.group, "operators");
  EXPECT_EQ(all.limits.header_bytes, 2048U);
  EXPECT_EQ(all.limits.request_bytes, 3U << 10U);
  EXPECT_EQ(all.limits.update_bytes, 4U << 20U);
  EXPECT_EQ(all.limits.header_timeout, milliseconds(101));
  EXPECT_EQ(all.limits.body_timeout, milliseconds(6'000));
  EXPECT_EQ(all.limits.body_floor, 7U);
  EXPECT_EQ(all.limits.idle_timeout, milliseconds(480'000));
  EXPECT_EQ(all.limits.write_timeout, milliseconds(9'000));
  EXPECT_EQ(all.limits.drain_delay, milliseconds(1'000));
  EXPECT_EQ(all.limits.drain_timeout, milliseconds(0));
  EXPECT_EQ(all.limits.connections, 11U);
  EXPECT_EQ(all.limits.network_connections, 10U);
  EXPECT_EQ(all.limits.threads, 12U);
  EXPECT_EQ(all.limits.requests_per_second, 13U);
  EXPECT_EQ(all.limits.burst, 14U);
  ASSERT_EQ(all.principals.size(), 2U);
  EXPECT_EQ(all.principals[0].name, "auditor@example.net");
  for (std::size_t i = 0; i < 32; ++i) EXPECT_EQ(all.principals[0].token_sha256.value().at(i), i);
  EXPECT_EQ(all.principals[1].name, "other");
  EXPECT_EQ(all.principals[1].token_sha256.value()[0], 0xff);
  EXPECT_EQ(all.principals[0].certificate, std::nullopt);
  EXPECT_EQ(all.principals[0].requests_per_second, 0U);
  EXPECT_EQ(all.principals[1].certificate, "spiffe://example.net/other");
  EXPECT_EQ(all.principals[1].requests_per_second, 15U);
  EXPECT_EQ(all.principals[1].burst, 16U);
  ASSERT_EQ(all.logs.size(), 2U);
  EXPECT_EQ(all.logs[0].directory, "/etc/ktgate/one.log");
  EXPECT_EQ(all.logs[0].alias, "one");
  EXPECT_EQ(all.logs[0].auditor, "auditor@example.net");
  const log::LogOptions& options = all.logs[0].options;
  EXPECT_EQ(options.commit_window, milliseconds(0));
  EXPECT_EQ(options.commit_limit, 13U);
  EXPECT_EQ(options.queue_limit, 14U);
  EXPECT_EQ(options.value_limit, 15U);
  EXPECT_EQ(options.prune_interval, milliseconds(16'000));
  EXPECT_EQ(options.initial_padding, 17U);
  EXPECT_EQ(options.padding.interval, milliseconds(18'000));
  EXPECT_EQ(options.padding.pairs, 19U);
  EXPECT_EQ(all.logs[1].directory, "/var/two.log");
  EXPECT_EQ(all.logs[1].alias, "2-two");
  EXPECT_EQ(all.logs[1].auditor, std::nullopt);
  EXPECT_EQ(all.logs[1].options.commit_limit, log::LogOptions().commit_limit);
  ASSERT_EQ(all.remote_logs.size(), 2U);
  const RemoteLogConfiguration& far = all.remote_logs[0];
  EXPECT_EQ(far.alias, "far");
  EXPECT_EQ(far.url->text(), "https://kt.example.net/base");
  EXPECT_EQ(far.configuration, "/etc/ktgate/far.configuration");
  EXPECT_EQ(far.token_file, "/etc/ktgate/far.token");
  EXPECT_EQ(far.writer, "other");
  EXPECT_EQ(far.leaf_key, "/etc/ktgate/leaf.pem");
  EXPECT_EQ(far.follow_interval, milliseconds(19'000));
  EXPECT_EQ(far.http.authorities, "/etc/ktgate/far.pem");
  EXPECT_EQ(far.http.connections, 20U);
  EXPECT_EQ(far.http.waiting, 21U);
  EXPECT_EQ(far.http.connect_timeout, milliseconds(22));
  EXPECT_EQ(far.http.total_timeout, milliseconds(23'000));
  EXPECT_EQ(far.http.response_limit, 24U << 10U);
  EXPECT_EQ(all.remote_logs[1].url->text(), "http://127.0.0.1:1");
  EXPECT_EQ(all.remote_logs[1].writer, std::nullopt);
  EXPECT_EQ(all.remote_logs[1].http.connections, 64U);
  EXPECT_EQ(all.remote_logs[1].http.waiting, 192U);
  ASSERT_EQ(all.domains.size(), 2U);
  EXPECT_EQ(all.domains[0].name, domain_of("example.com"));
  EXPECT_EQ(all.domains[0].label_rule, federation::LabelRule::ascii_lower);
  EXPECT_EQ(all.domains[0].policy, DomainPolicy::sharded);
  EXPECT_EQ(all.domains[0].logs, (std::vector<std::string>{"2-two", "one"}));
  EXPECT_EQ(all.domains[0].url, std::nullopt);
  EXPECT_EQ(all.domains[0].access.search, Access::authenticated);
  EXPECT_EQ(all.domains[0].access.update, Access::owner);
  EXPECT_EQ(all.domains[0].access.monitor, Access::nobody);
  EXPECT_EQ(all.domains[1].access.search, Access::everyone);
  EXPECT_EQ(all.domains[1].access.update, Access::nobody);
  EXPECT_EQ(all.domains[1].access.monitor, Access::everyone);
  EXPECT_EQ(all.domains[1].name, domain_of("example.org"));
  EXPECT_EQ(all.domains[1].url->text(), "https://kt.example.org:8443/base");
  EXPECT_EQ(all.domains[1].label_rule, federation::LabelRule::username_case_mapped);
  EXPECT_EQ(all.domains[1].policy, DomainPolicy::single);
  EXPECT_EQ(all.domains[1].logs, (std::vector<std::string>{"one"}));
  const auto network = [](const char* text) { return must(federation::parse_network(text)); };
  using Networks = std::vector<federation::Network>;
  ASSERT_EQ(all.federation.resolvers.size(), 2U);
  EXPECT_EQ(all.federation.resolvers[0].port(), 5353U);
  EXPECT_EQ(all.federation.resolvers[1].address().to_string(), "::1");
  EXPECT_EQ(all.federation.allowed_addresses, Networks{network("10.0.0.0/8")});
  EXPECT_EQ(all.federation.witness,
            (std::vector<federation::Domain>{domain_of("example.net"), domain_of("example.edu")}));
  EXPECT_EQ(all.federation.witness_interval, milliseconds(120'000));
  EXPECT_EQ(all.relay.users, Access::authenticated);
  EXPECT_EQ(all.relay.requests_per_second, 25U);
  EXPECT_EQ(all.relay.burst, 26U);
  EXPECT_EQ(all.relay.requests, 27U);
  EXPECT_EQ(all.relay.connections, 28U);
  EXPECT_EQ(all.relay.waiting, 29U);
  EXPECT_EQ(all.relay.connect_timeout, milliseconds(30));
  EXPECT_EQ(all.relay.total_timeout, milliseconds(31'000));
  EXPECT_EQ(all.relay.response_bytes, 32U << 10U);
  ASSERT_EQ(all.peers.size(), 2U);
  EXPECT_EQ(all.peers[0].domain, domain_of("example.net"));
  EXPECT_EQ(all.peers[0].url->text(), "https://kt.example.net:8443");
  EXPECT_EQ(all.peers[0].authorities, "/etc/ktgate/net.pem");
  EXPECT_EQ(all.peers[0].allowed_addresses, (Networks{network("10.1.2.3"), network("fd00::/8")}));
  EXPECT_EQ(all.peers[0].dnssec, DnssecPolicy::require);
  EXPECT_EQ(all.peers[0].token_file, "/etc/ktgate/net.token");
  EXPECT_EQ(all.peers[0].certificate, "/etc/ktgate/relay.pem");
  EXPECT_EQ(all.peers[0].private_key, "/etc/ktgate/relay.key");
  EXPECT_EQ(all.peers[0].principal, "other");
  EXPECT_EQ(all.peers[1].dnssec, DnssecPolicy::record);
  EXPECT_EQ(all.peers[1].url, std::nullopt);
}

TEST(Configuration, AnExampleIsOneAndItsDefaultsAreTheDefaults) {
  const std::string example = example_configuration();
  for (const ConfigurationKey& key : configuration_keys()) {
    const bool is_set = key.is_required && key.section != "principal" && key.section != "admin" &&
                        key.section != "domain" && key.section != "remote_log" &&
                        key.section != "authoriser" && key.section != "peer";
    EXPECT_NE(example.find("\n" + std::string(is_set ? "" : "#") + std::string(key.name) + " = "),
              std::string::npos)
        << key.path();
  }
  const GatewayConfiguration short_one = parsed(example);
  expect_equal(short_one, parsed("[listen]\naddress = \"127.0.0.1:8443\"\n"
                                 "[[log]]\ndirectory = \"example.log\"\nalias = \"example\"\n"));
  // Now with all that is commented out.
  std::string whole = example;
  for (std::size_t at = 0; (at = whole.find("\n#", at)) != std::string::npos; ++at) {
    if (whole.at(at + 2) != ' ') whole.erase(at + 1, 1);
  }
  ASSERT_LT(whole.size(), example.size());
  const GatewayConfiguration long_one = parsed(whole);
  expect_equal(long_one, short_one);
  EXPECT_EQ(long_one.listen.certificate, "/etc/ktgate/certificate.pem");
  EXPECT_EQ(long_one.logs.at(0).auditor, long_one.principals.at(0).name);
  EXPECT_EQ(long_one.default_domain, long_one.domains.at(0).name);
}

TEST(Configuration, TheManualShowsTheExample) {
  EXPECT_NE(
      read_file(KTGATE_CONFIGURATION_MANUAL).find("```toml\n" + example_configuration() + "```\n"),
      std::string::npos)
      << "docs/configuration.md is to show what `ktgate check --keys` prints";
}

TEST(Configuration, AnUnknownKeyIsNamedWithTheNearestOne) {
  EXPECT_EQ(fault_of("\n# a comment\n  lisen.address = \"127.0.0.1:1\"\n"),
            "gateway.toml:3:9: there is no key \"lisen.address\"; did you mean "
            "\"listen.address\"?");
  EXPECT_EQ(fault_in_listen("adress = 1"),
            "gateway.toml:2:1: there is no key \"listen.adress\"; did you mean "
            "\"listen.address\"?");
  EXPECT_EQ(fault_in_limits("header_timeouts = \"1s\""),
            "gateway.toml:2:1: there is no key \"limits.header_timeouts\"; did you mean "
            "\"limits.header_timeout\"?");
  EXPECT_EQ(fault_of(std::string(kListen) + kLog + "[[logs]]\nalias = \"b\"\n"),
            "gateway.toml:7:1: there is no key \"logs.alias\"; did you mean \"log.alias\"?");
  EXPECT_EQ(fault_of(std::string(kListen) + kLog + "[log.pading]\npairs = 1\n"),
            "gateway.toml:7:1: there is no key \"log.pading.pairs\"; did you mean "
            "\"log.padding.pairs\"?");
  // The same with nothing in it.
  EXPECT_EQ(fault_of(std::string(kListen) + kLog + "[[log]]\n[log.pading]\n").substr(0, 39),
            "gateway.toml:7:6: there is no key \"log.");
  // A name with a dot of its own is no path.
  EXPECT_EQ(fault_of("'listen.address' = \"127.0.0.1:1\"\n"),
            "gateway.toml:1:1: there is no key \"'listen.address'\"; did you mean "
            "\"listen.address\"?");
}

TEST(Configuration, ANameFromTheFileIsMadeReadable) {
  EXPECT_EQ(fault_of("\"a\\nb\\u001b\\u202e\" = 1\n").substr(0, 46),
            "gateway.toml:1:1: there is no key \"a?b????\"; d");
  EXPECT_EQ(fault_of(std::string(81, 'x') + " = 1\n"),
            "gateway.toml:1:1: there is no key of more than 80 bytes");
}

TEST(Configuration, AValueThatIsNotWhatItHasToBe) {
  const char* const address =
      " listen.address has to be an IP address and a port, like \"127.0.0.1:8443\" or "
      "\"[::1]:8443\"";
  for (const char* const value : {"\"localhost:80\"", "8443", "[]", "{}", "true", "\"\""})
    EXPECT_EQ(fault_of("[listen]\naddress = " + std::string(value) + "\n" + kLog),
              std::string("gateway.toml:2:11:") + address);
  const char* const timeout =
      "gateway.toml:2:16: limits.body_timeout has to be a duration like \"500ms\", \"30s\" or "
      "\"24h\", from 100ms to 1h";
  for (const char* const value : {"10", "\"10\"", "1.5", "\"99ms\"", "\"3601s\"", "1979-05-27"})
    EXPECT_EQ(fault_in_limits("body_timeout = " + std::string(value)), timeout);
  const char* const size =
      "gateway.toml:2:16: limits.header_bytes has to be a number of bytes, or a size like "
      "\"64KiB\", from 1KiB to 64KiB";
  for (const char* const value : {"-1024", "\"1024\"", "1023", "65537", "\"1GiB\"", "\"1KB\""})
    EXPECT_EQ(fault_in_limits("header_bytes = " + std::string(value)), size);
  const char* const number =
      "gateway.toml:2:11: limits.threads has to be a whole number, from 0 to 1024";
  for (const char* const value : {"-1", "\"1\"", "1025", "9223372036854775807", "nan"})
    EXPECT_EQ(fault_in_limits("threads = " + std::string(value)), number);
  EXPECT_EQ(fault_in_limits("threads = 1024"), "");
  EXPECT_EQ(fault_in_listen("certificate = \"a\\u0000b\"").substr(0, 59),
            "gateway.toml:2:15: listen.certificate has to be a path; a r");
}

// unix(7): a path is 108 bytes with the one that ends it.
TEST(Configuration, APathThatNoSocketCanHave) {
  const auto with = [](std::size_t size) {
    return "[admin]\nsocket = \"/" + std::string(size - 1, 'a') + "\"\n" + kListen + kLog;
  };
  EXPECT_EQ(fault_of(with(107)), "");
  EXPECT_EQ(fault_of(with(108)),
            "gateway.toml:2:10: admin.socket has to be a path of at most 107 bytes");
}

TEST(Configuration, AliasesAndNames) {
  const std::string wrong =
      "gateway.toml:2:9: log.alias has to be 1 to 64 of a-z, 0-9 and -, but no LogId";
  for (const std::string& alias :
       {std::string(), std::string("Upper"), std::string("a/b"), std::string("a.b"),
        std::string("é"), std::string(65, 'a'), std::string(64, 'a'), std::string(64, '0')})
    EXPECT_EQ(fault_in_log("alias = \"" + alias + "\""), wrong) << alias;
  for (const std::string& alias : {std::string("a"), std::string(64, 'g'), std::string(63, 'a')})
    EXPECT_EQ(fault_in_log("alias = \"" + alias + "\""), "") << alias;
  for (const char* const name : {"", "a b", "a\\n", "é", "a:b"})
    EXPECT_EQ(fault_in_log("alias = \"a\"\nauditor = \"" + std::string(name) + "\""),
              "gateway.toml:3:11: log.auditor has to be 1 to 64 of a-z, A-Z, 0-9, ., _, @ and -")
        << name;
  for (const std::string& token :
       {std::string(63, '0'), std::string(66, '0'), std::string(63, '0') + "g"})
    EXPECT_EQ(fault_of("[[principal]]\nname = \"a\"\ntoken_sha256 = \"" + token + "\"\n"),
              "gateway.toml:3:16: principal.token_sha256 has to be 64 hexadecimal digits");
}

TEST(Configuration, DomainsAreWhatTheyHaveToBe) {
  const auto fault = [](const std::string& line) { return fault_of("[[domain]]\n" + line + "\n"); };
  for (const char* const name : {"\"localhost\"", "\"192.0.2.1\"", "\"a b.example\"", "1"})
    EXPECT_EQ(fault("name = " + std::string(name)),
              "gateway.toml:2:8: domain.name has to be the name of a domain, like \"example.com\"");
  EXPECT_EQ(fault("label_rule = \"ascii_lower\""),
            "gateway.toml:2:14: domain.label_rule has to be \"bytes\", \"ascii-lower\" or "
            "\"UsernameCaseMapped\"");
  EXPECT_EQ(fault("policy = \"gradual\""),
            "gateway.toml:2:10: domain.policy has to be \"single\" or \"sharded\"");
  for (const char* const logs : {"\"a\"", "[]", "[1]", "[\"a\", 1]", "[\"A\"]"})
    EXPECT_EQ(fault("logs = " + std::string(logs)),
              "gateway.toml:2:8: domain.logs has to be a list of aliases of logs, like [\"one\", "
              "\"two\"]")
        << logs;
  // A list where there is to be none.
  EXPECT_EQ(fault_in_limits("threads = [\"1\"]"),
            "gateway.toml:2:11: limits.threads has to be a whole number, from 0 to 1024");
}

TEST(Configuration, DomainsHaveTheLogsThatTheirPolicyTakes) {
  const auto fault = [](const std::string& policy, const std::string& logs) {
    return fault_of(std::string(kListen) + kLog +
                    "[[log]]\ndirectory = \"b\"\nalias = \"b\"\n"
                    "[[domain]]\nname = \"example.com\"\nlabel_rule = \"bytes\"\npolicy = \"" +
                    policy + "\"\nlogs = [" + logs + "]\n");
  };
  EXPECT_EQ(fault("single", R"("a")"), "");
  EXPECT_EQ(fault("sharded", R"("a", "b")"), "");
  EXPECT_EQ(fault("single", R"("a", "b")"),
            "gateway.toml:13:8: under the policy \"single\", domain.logs has one log");
  EXPECT_EQ(fault("sharded", R"("a")"),
            "gateway.toml:13:8: under the policy \"sharded\", domain.logs has 2 to 255 logs");
  EXPECT_EQ(fault("sharded", R"("a", "a")"), "gateway.toml:13:8: domain.logs has a log twice");
  EXPECT_EQ(fault("sharded", R"("a", "c")"),
            "gateway.toml:13:8: domain.logs names what is no [[log]] or [[remote_log]]");
  // What is wrong is said of the policy, not of the logs that stand before it.
  EXPECT_EQ(fault_of(std::string("[[domain]]\nname = \"example.com\"\nlogs = [\"a\", \"b\"]\n") +
                     "label_rule = \"bytes\"\npolicy = \"shard\"\n" + kListen + kLog),
            "gateway.toml:5:10: domain.policy has to be \"single\" or \"sharded\"");
}

TEST(Configuration, WhatDomainsPublishIsKept) {
  const auto fault = [](const std::string& before, const std::string& url) {
    return fault_of(before + kListen + kLog +
                    "[[domain]]\nname = \"example.com\"\nlabel_rule = \"bytes\"\n"
                    "policy = \"single\"\nlogs = [\"a\"]\nurl = \"" +
                    url + "\"\n");
  };
  const std::string state = "state = \"state\"\n";
  EXPECT_EQ(fault(state, "https://kt.example.com"), "");
  EXPECT_EQ(fault(state, "http://127.0.0.1:8080"), "");
  EXPECT_EQ(fault("", "https://kt.example.com"),
            "gateway.toml:11:7: domain.url needs state, a directory for what is published");
  for (const char* const url : {"http://kt.example.com", "kt.example.com", "",
                                "https://kt.example.com/?q", "https://a@kt.example.com"})
    EXPECT_EQ(fault(state, url),
              "gateway.toml:12:7: domain.url has to be a URL like \"https://kt.example.com\"; http "
              "only with a loopback address");
}

TEST(Configuration, ObliviousHttpNeedsADomainThatPublishes) {
  const std::string state = "state = \"state\"\n";
  const std::string domain =
      "[[domain]]\nname = \"example.com\"\nlabel_rule = \"bytes\"\npolicy = \"single\"\n"
      "logs = [\"a\"]\n";
  const std::string url = "url = \"https://kt.example.com\"\n";
  const auto text = [&](const std::string& ohttp, const std::string& domains) {
    return state + "[ohttp]\n" + ohttp + "\n" + kListen + kLog + domains;
  };
  EXPECT_EQ(fault_of(text("enabled = true", domain + url)), "");
  EXPECT_EQ(fault_of(text("enabled = true", domain)),
            "gateway.toml:3:11: ohttp.enabled needs a [[domain]] with a url");
  EXPECT_EQ(fault_of(text("enabled = false", domain)), "");
  for (const char* const value : {"\"true\"", "1", "[]"})
    EXPECT_EQ(fault_of(text("enabled = " + std::string(value), domain + url)),
              "gateway.toml:3:11: ohttp.enabled has to be true or false");
  EXPECT_EQ(fault_of(text("rotation = \"10s\"\noverlap = \"5s\"", domain)), "");
  EXPECT_EQ(fault_of(text("rotation = \"9s\"\noverlap = \"5s\"", domain)),
            "gateway.toml:2:1: ohttp.rotation has to be at least twice ohttp.overlap");

  EXPECT_FALSE(parsed(text("", domain)).ohttp.enabled);
  const OhttpConfiguration ohttp =
      parsed(text("enabled = true\nrotation = \"10s\"\noverlap = \"5s\"\npad_from = \"4KiB\"",
                  domain + url))
          .ohttp;
  EXPECT_TRUE(ohttp.enabled);
  EXPECT_EQ(ohttp.rotation, std::chrono::seconds(10));
  EXPECT_EQ(ohttp.overlap, std::chrono::seconds(5));
  EXPECT_EQ(ohttp.pad_from, 4096U);
}

TEST(Configuration, DomainsAreToldApartAndOneMayBeTheDefault) {
  const auto domain = [](const std::string& name) {
    return "[[domain]]\nname = \"" + name +
           "\"\nlabel_rule = \"bytes\"\npolicy = \"single\"\nlogs = [\"a\"]\n";
  };
  const std::string rest = std::string(kListen) + kLog;
  EXPECT_EQ(fault_of(rest + domain("example.com") + domain("example.net")), "");
  EXPECT_EQ(fault_of(rest + domain("example.com") + domain("Example.COM.")),
            "gateway.toml:12:8: another [[domain]] has this name");
  EXPECT_EQ(fault_of("default_domain = \"example.com\"\n" + rest + domain("example.com")), "");
  EXPECT_EQ(fault_of("default_domain = \"example.net\"\n" + rest + domain("example.com")),
            "gateway.toml:1:18: default_domain names no [[domain]]");
  EXPECT_EQ(fault_of("default_domein = \"example.com\"\n" + rest),
            "gateway.toml:1:1: there is no key \"default_domein\"; did you mean "
            "\"default_domain\"?");
}

TEST(Configuration, WhoeverIsAskedWhoMayIsNamed) {
  const std::string asks =
      "[[domain]]\nname = \"example.com\"\nlabel_rule = \"bytes\"\npolicy = \"single\"\n"
      "logs = [\"a\"]\n[domain.access]\nmonitor = \"authoriser\"\n";
  const std::string rest = std::string(kListen) + kLog + asks;
  EXPECT_EQ(fault_of(rest), "gateway.toml:12:11: domain.access.monitor needs [authoriser]");
  EXPECT_EQ(fault_of(rest + "[authoriser]\ntimeout = \"1s\"\n"),
            "gateway.toml:13:1: [authoriser] has no url");
  EXPECT_EQ(
      fault_of(rest + "[authoriser]\nurl = \"http://authoriser.example.com\"\n").substr(0, 31),
      "gateway.toml:14:7: authoriser.u");
  const GatewayConfiguration all =
      parsed(rest +
             "[authoriser]\nurl = \"https://authoriser.example.com/may\"\nsocket = \"a.socket\"\n"
             "authorities = \"a.pem\"\ntoken_file = \"a.token\"\ntimeout = \"1500ms\"\n"
             "connections = 3\nwaiting = 4\n");
  EXPECT_EQ(all.domains.at(0).access.monitor, Access::authoriser);
  EXPECT_EQ(all.authoriser.url->text(), "https://authoriser.example.com/may");
  EXPECT_EQ(all.authoriser.token_file, "/etc/ktgate/a.token");
  EXPECT_EQ(all.authoriser.http.socket, "/etc/ktgate/a.socket");
  EXPECT_EQ(all.authoriser.http.authorities, "/etc/ktgate/a.pem");
  EXPECT_EQ(all.authoriser.http.total_timeout, milliseconds(1'500));
  EXPECT_EQ(all.authoriser.http.connections, 3U);
  EXPECT_EQ(all.authoriser.http.waiting, 4U);
  EXPECT_EQ(
      parsed(rest + "[authoriser]\nurl = \"http://127.0.0.1:1\"\n").authoriser.http.total_timeout,
      milliseconds(2'000));
}

TEST(Configuration, WhatIsMissing) {
  EXPECT_EQ(fault_of(""), "gateway.toml: there is no [listen]");
  EXPECT_EQ(fault_of(kListen), "gateway.toml: there is no [[log]] or [[remote_log]]");
  EXPECT_EQ(fault_of(std::string("log = []\n") + kListen),
            "gateway.toml: there is no [[log]] or [[remote_log]]");
  EXPECT_EQ(fault_of(std::string("[listen]\n") + kLog),
            "gateway.toml:1:1: [listen] has no address");
  EXPECT_EQ(fault_of(std::string(kListen) + "[[log]]\nalias = \"a\"\n"),
            "gateway.toml:3:1: [[log]] has no directory");
  EXPECT_EQ(fault_of(std::string(kListen) + kLog + "[admin]\ngroup = \"a\"\n"),
            "gateway.toml:6:1: [admin] has no socket");
  EXPECT_EQ(fault_of(std::string(kListen) + "[[log]]\ndirectory = \"a\"\n"),
            "gateway.toml:3:1: [[log]] has no alias");
  EXPECT_EQ(fault_of(std::string(kListen) + kLog + "[[principal]]\nname = \"a\"\n"),
            "gateway.toml:6:1: [[principal]] has no token_sha256 and no certificate");
  EXPECT_EQ(fault_of(std::string(kListen) + kLog + "[[domain]]\nname = \"example.com\"\n"),
            "gateway.toml:6:1: [[domain]] has no label_rule");
}

TEST(Configuration, WhoIsKnownByWhat) {
  const std::string token = "token_sha256 = \"" + std::string(64, '0') + "\"\n";
  const std::string one = std::string(kListen) + kLog + "[[principal]]\nname = \"a\"\n";
  EXPECT_EQ(fault_of(one + token + "[[principal]]\nname = \"b\"\n" + token),
            "gateway.toml:11:16: another [[principal]] has this token");
  EXPECT_EQ(fault_of(one + "certificate = \"c\"\n"),
            "gateway.toml:8:15: principal.certificate needs listen.client_authorities");
  EXPECT_EQ(fault_of(one + "certificate = \"a b\"\n"),
            "gateway.toml:8:15: principal.certificate has to be 1 to 255 visible characters of "
            "ASCII");
  const std::string authorities =
      "[listen]\naddress = \"127.0.0.1:1\"\ncertificate = \"c\"\nprivate_key = \"k\"\n"
      "client_authorities = \"a\"\n[[principal]]\nname = \"a\"\ncertificate = \"c\"\n";
  EXPECT_EQ(fault_of(authorities + kLog), "");
  EXPECT_EQ(fault_of(authorities + "[[principal]]\nname = \"b\"\ncertificate = \"c\"\n" + kLog),
            "gateway.toml:11:15: another [[principal]] has this certificate");
  EXPECT_EQ(fault_in_listen("client_authorities = \"a\""),
            "gateway.toml:2:22: listen.client_authorities needs listen.certificate");
  EXPECT_EQ(fault_in_listen("client_address_field = \"X-Forwarded-For\""), "");
  EXPECT_EQ(fault_in_listen("client_address_field = \"X_F\""),
            "gateway.toml:2:24: listen.client_address_field has to be 1 to 64 of a-z, A-Z, 0-9 and "
            "-");
  EXPECT_EQ(fault_of("[listen]\naddress = \"192.0.2.1:1\"\ncertificate = \"c\"\nprivate_key = "
                     "\"k\"\nclient_address_field = \"F\"\n" +
                     std::string(kLog)),
            "gateway.toml:5:24: with listen.client_address_field, listen.address has to be a "
            "loopback address");
}

TEST(Configuration, NobodyLetsEverybodyWrite) {
  const std::string domain = std::string(kListen) + kLog +
                             "[[domain]]\nname = \"example.com\"\nlabel_rule = \"bytes\"\n"
                             "policy = \"single\"\nlogs = [\"a\"]\n[domain.access]\n";
  EXPECT_EQ(fault_of(domain + "update = \"authenticated\"\n"), "");
  EXPECT_EQ(fault_of(domain + "update = \"everyone\"\n"),
            "gateway.toml:12:10: with domain.access.update for everyone, anybody could replace "
            "anybody's keys");
  EXPECT_EQ(fault_of(domain + "search = \"friends\"\n"),
            "gateway.toml:12:10: domain.access.search has to be \"everyone\", \"authenticated\", "
            "\"owner\", \"authoriser\" or \"nobody\"");
}

TEST(Configuration, WhatIsWrittenAsSomethingElse) {
  EXPECT_EQ(fault_of("[log]\nalias = \"a\"\n"),
            "gateway.toml:1:1: log has to be written as [[log]]");
  EXPECT_EQ(fault_of("log = [1]\n"), "gateway.toml:1:8: log has to be written as [[log]]");
  EXPECT_EQ(fault_of("[[listen]]\n"), "gateway.toml:1:1: listen has to be written as [listen]");
  EXPECT_EQ(fault_of("limits = 3\n"), "gateway.toml:1:10: limits has to be written as [limits]");
}

TEST(Configuration, WhatDoesNotGoTogether) {
  const std::string pair =
      "gateway.toml:2:15: listen.certificate and listen.private_key go together";
  EXPECT_EQ(fault_in_listen("certificate = \"a\""), pair);
  EXPECT_EQ(fault_in_listen("private_key = \"a\""), pair);
  EXPECT_EQ(fault_of(std::string("[listen]\naddress = \"192.0.2.1:1\"\n") + kLog),
            "gateway.toml:2:11: without listen.certificate, listen.address has to be a loopback "
            "address");
  EXPECT_EQ(fault_of(std::string("[listen]\naddress = \"192.0.2.1:1\"\ncertificate = \"a\"\n") +
                     "private_key = \"b\"\n" + kLog),
            "");
  EXPECT_EQ(fault_of(std::string(kListen) + kLog + "[[log]]\ndirectory = \"b\"\nalias = \"a\"\n"),
            "gateway.toml:8:9: another log has this alias");
  EXPECT_EQ(fault_of(std::string(kListen) + kLog + "[[log]]\ndirectory = \"./a\"\nalias = \"b\"\n"),
            "gateway.toml:7:13: another [[log]] has this directory");
  EXPECT_EQ(fault_of(std::string(kListen) + kLog + "[log.padding]\npairs = 1\n"),
            "gateway.toml:6:1: log.padding needs an interval and pairs, or neither");
  const std::string principal =
      "[[principal]]\nname = \"p\"\ntoken_sha256 = \"" + std::string(64, '0') + "\"\n";
  EXPECT_EQ(fault_of(std::string(kListen) + kLog + principal + principal),
            "gateway.toml:10:8: another [[principal]] has this name");
  EXPECT_EQ(fault_of(std::string(kListen) + kLog + "auditor = \"q\"\n" + principal),
            "gateway.toml:6:11: log.auditor names no [[principal]]");
  EXPECT_EQ(fault_of(std::string(kListen) + kLog + "writer = \"q\"\n" + principal),
            "gateway.toml:6:10: log.writer names no [[principal]]");
  EXPECT_EQ(fault_of(std::string(kListen) + kLog + "auditor = \"p\"\n" + principal), "");
}

TEST(Configuration, ALogOfAnotherGateway) {
  const std::string principal =
      "[[principal]]\nname = \"p\"\ntoken_sha256 = \"" + std::string(64, 'a') + "\"\n";
  const std::string log = std::string(kListen) + kLog;
  const std::string both = "gateway = \"p\"\ngateway_domain = \"example.net\"\n";
  EXPECT_EQ(fault_of(log + both + principal), "");
  EXPECT_EQ(fault_of(log + both + "writer = \"p\"\n" + principal), "");
  EXPECT_EQ(fault_of(log + both), "gateway.toml:6:11: log.gateway names no [[principal]]");
  EXPECT_EQ(fault_of(log + "gateway = \"p\"\n" + principal),
            "gateway.toml:6:11: log.gateway and log.gateway_domain go together");
  EXPECT_EQ(fault_of(log + "gateway_domain = \"example.net\"\n"),
            "gateway.toml:6:18: log.gateway and log.gateway_domain go together");
  EXPECT_EQ(fault_of(log + both + "writer = \"q\"\n" + principal),
            "gateway.toml:8:10: with log.gateway, nobody else writes, so that log.writer can only "
            "be the same");
}

TEST(Configuration, RemoteLogs) {
  const std::string remote =
      "[[remote_log]]\nalias = \"b\"\nurl = \"https://kt.example.net\"\n"
      "configuration = \"b\"\n";
  const std::string domain =
      "[[domain]]\nname = \"example.net\"\nlabel_rule = \"bytes\"\npolicy = \"single\"\n"
      "logs = [\"b\"]\n";
  EXPECT_EQ(fault_of(kListen + remote), "");
  EXPECT_EQ(fault_of(kListen + remote + domain), "");
  EXPECT_EQ(fault_of("state = \"s\"\n" + (kListen + remote) + domain +
                     "url = \"https://kt.example.com\"\n"),
            "gateway.toml:12:8: domain.logs has a [[remote_log]] without a writer: what a "
            "domain with a url publishes has to be written into its logs");
  EXPECT_EQ(fault_of("state = \"s\"\n" + (kListen + remote) +
                     "writer = \"p\"\ntoken_file = \"t\"\n[[principal]]\nname = "
                     "\"p\"\ntoken_sha256 = \"" +
                     std::string(64, 'a') + "\"\n" + domain + "url = \"https://kt.example.com\"\n"),
            "");
  EXPECT_EQ(fault_of(kListen + remote + remote), "gateway.toml:8:9: another log has this alias");
  EXPECT_EQ(
      fault_of(std::string(kListen) + "[[remote_log]]\nurl = \"http://kt.example.net\"\n"),
      "gateway.toml:4:7: remote_log.url has to be a URL like \"https://kt.example.com\"; http "
      "only with a loopback address");
  EXPECT_EQ(fault_of(std::string(kListen) + "[[remote_log]]\nalias = \"b\"\nurl = "
                                            "\"https://kt.example.net\"\n"),
            "gateway.toml:3:1: [[remote_log]] has no configuration");
  for (const char* const line : {"writer = \"p\"", "token_file = \"t\""})
    EXPECT_EQ(fault_of(kListen + remote + line + "\n"),
              "gateway.toml:7:" + std::string(*line == 'w' ? "10" : "14") +
                  ": remote_log.writer and remote_log.token_file go together");
  EXPECT_EQ(fault_of(kListen + remote + "leaf_key = \"l\"\n"),
            "gateway.toml:7:12: remote_log.leaf_key needs state, a directory for what is signed");
  EXPECT_EQ(fault_of(kListen + remote + "writer = \"p\"\ntoken_file = \"t\"\n"),
            "gateway.toml:7:10: remote_log.writer names no [[principal]]");
}

TEST(Configuration, RelaysAndPeers) {
  const std::string base = std::string("state = \"s\"\n") + kListen + kLog;
  const std::string peer = "[[peer]]\ndomain = \"example.net\"\n";
  // Of the line after `base`.
  const auto fault = [&base](const std::string& more) {
    const std::string whole = fault_of(base + more);
    return whole.empty() ? whole : whole.substr(whole.find(' ') + 1);
  };
  EXPECT_EQ(fault("[relay]\nusers = \"authenticated\"\n" + peer), "");
  EXPECT_EQ(fault("[relay]\nusers = \"nobody\"\n"), "");
  for (const char* const users : {"everyone", "owner"})
    EXPECT_EQ(fault("[relay]\nusers = \"" + std::string(users) + "\"\n"),
              "relay.users has to be \"authenticated\" or \"nobody\"");
  EXPECT_NE(fault_of(std::string(kListen) + kLog + "[relay]\nusers = \"authenticated\"\n")
                .find("relay.users needs state"),
            std::string::npos);
  EXPECT_EQ(fault(peer + peer), "another [[peer]] has this domain");
  EXPECT_NE(fault_of(std::string(kListen) + kLog + "[federation]\nwitness = [\"example.net\"]\n")
                .find("federation.witness needs state"),
            std::string::npos);
  EXPECT_EQ(fault("[federation]\nwitness = [\"example.net\", \"Example.NET\"]\n"),
            "federation.witness has to have at most 64 domains, each once");
  EXPECT_EQ(fault("[[peer]]\nurl = \"https://kt.example.net\"\n"), "[[peer]] has no domain");
  EXPECT_EQ(fault(peer + "certificate = \"c\"\n"),
            "peer.certificate and peer.private_key go together");
  EXPECT_EQ(fault(peer + "principal = \"p\"\n"), "peer.principal names no [[principal]]");
  for (const char* const line : {"dnssec = \"no\"", "url = \"http://kt.example.net\"",
                                 "allowed_addresses = [\"10.0.0.1/8\"]", "allowed_addresses = []",
                                 "allowed_addresses = \"10.0.0.0/8\""})
    EXPECT_NE(fault(peer + line + "\n").find("has to be"), std::string::npos) << line;
  EXPECT_NE(fault("[federation]\nresolvers = [\"localhost\"]\n").find("has to be"),
            std::string::npos);
}

TEST(Configuration, OfManyFaultsTheFirstInTheFile) {
  EXPECT_EQ(fault_of("[[principal]]\nname = 1\n[[log]]\nalias = 1\n[listen]\naddress = 1\n")
                .substr(0, 34),
            "gateway.toml:2:8: principal.name h");
  EXPECT_EQ(fault_of("[[log]]\ndirectory = \"a\"\nalias = 1\n[listen]\naddress = 1\n[a]\nb=1\n")
                .substr(0, 29),
            "gateway.toml:3:9: log.alias h");
}

TEST(Configuration, WhatIsNotToml) {
  EXPECT_EQ(fault_of("[listen]\naddress \"a\"\n"),
            "gateway.toml:2:9: not TOML: Error while parsing key-value pair: expected '=', saw "
            "'\"'");
  EXPECT_EQ(fault_of("[listen]\n[listen]\n").substr(0, 27), "gateway.toml:2:1: not TOML:");
  EXPECT_EQ(fault_of("a = \"\xff\"\n"),
            "gateway.toml:1:5: not TOML: Encountered invalid utf-8 sequence");
  // A value is not repeated.
  EXPECT_EQ(fault_of("a = 99999999999999999999999\n"),
            "gateway.toml:1:28: not TOML: Error while parsing decimal integer");
}

TEST(Configuration, SizeAndDepthAreBounded) {
  std::string text = std::string(kListen) + kLog;
  text.resize(kMaxConfigurationSize, '\n');
  EXPECT_EQ(fault_of(text), "");
  EXPECT_EQ(fault_of(text + "\n"), "gateway.toml: it is larger than 1 MiB");
  EXPECT_EQ(fault_of("# " + std::string(100, '.') + "\n" + kListen + kLog), "");

  // toml++ would use up the stack.
  std::string chain;
  for (int i = 0; i < 300'000; ++i) chain += "a.";
  EXPECT_EQ(fault_of("\n" + chain + "a = 1\n"), "gateway.toml:2:1: a line has more than 32 dots");
  // The deepest that there is.
  std::string deep = "a = [\n";
  std::string end = "]\n";
  for (int i = 0; i < 126; ++i) {
    deep += "{";
    for (int j = 0; j < 31; ++j) deep += "b.";
    deep += "b = [\n";
    end.insert(0, "]}");
  }
  EXPECT_EQ(fault_of(deep + "1" + end),
            "gateway.toml:2:6: there is no key \"a.b.b.b\"; did you mean \"state\"?");
}

TEST(Configuration, AFileThatIsNone) {
  const ScratchDirectory directory;
  EXPECT_EQ(read_configuration(directory.path() / "a").error().code, Errc::not_found);
  EXPECT_EQ(read_configuration(directory.path()).error().code, Errc::rejected);
  write_file(directory.path() / "a", std::string(kMaxConfigurationSize + 1, '\n'));
  EXPECT_EQ(read_configuration(directory.path() / "a").error().code, Errc::malformed);
  write_file(directory.path() / "a", std::string(kListen) + kLog);
  EXPECT_EQ(must(read_configuration(directory.path() / "a")).logs.at(0).directory,
            directory.path() / "a");
}

}  // namespace
}  // namespace kt::gateway
