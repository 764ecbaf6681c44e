// The relay to other domains' gateways, without the HTTP service in front of it.
#include "relay.h"

#include <atomic>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "certificates.h"
#include "directory_world.h"
#include "dns_server.h"
#include "http_server.h"
#include "log/clock.h"
#include "names.h"
#include "origin.h"
#include "problem.h"
#include "program.h"
#include "scratch_directory.h"
#include "store/lmdb_store.h"

namespace kt::gateway {
namespace {

using federation::answering;
using federation::Origin;
using std::chrono::milliseconds;

const std::string kSealed =
    "HTTP/1.1 200 OK\r\nContent-Type: message/ohttp-res\r\nContent-Length: 6\r\n\r\nsealed";

std::string keys_answer(const std::string& fields = "", const std::string& keys = "keys") {
  return "HTTP/1.1 200 OK\r\nContent-Type: application/ohttp-keys\r\n" + fields +
         "Content-Length: " + std::to_string(keys.size()) + "\r\n\r\n" + keys;
}

std::string text_of(const Response& response) {
  return {response.body.begin(), response.body.end()};
}

// "503:upstream-unavailable", or the status alone of what is no problem of ours.
std::string code_of(const Response& response) {
  std::string code = std::to_string(response.status);
  if (response.content_type != kProblemType) return code;
  const std::string type = nlohmann::json::parse(response.body).at("type");
  return code + type.substr(std::string_view("urn:ktgate:error").size());
}

class RelayTest : public ::testing::Test {
 protected:
  RelayTest() { settings_.relay.users = Access::authenticated; }

  [[nodiscard]] std::string path(const std::string& name) const { return directory_.path() / name; }

  PeerConfiguration& peer(const std::string& domain = "example.net") {
    settings_.peers.emplace_back().domain = domain_of(domain);
    return settings_.peers.back();
  }
  void pin(const Origin& origin) { peer().url = origin.url(); }

  Relay& relay() {
    if (relay_ == nullptr) {
      if (store_ == nullptr) store_ = must(store::open_lmdb_store(path("store")));
      relay_ = must(Relay::open(settings_, must(read_peer_files(settings_.peers)), *store_,
                                std::make_shared<RelayMetrics>(), url_of_));
    }
    return *relay_;
  }
  // All of them at a time.
  std::vector<Response> run(std::vector<boost::asio::awaitable<Response>> asked) {
    boost::asio::io_context context;
    std::vector<std::future<Response>> answers;
    for (auto& each : asked)
      answers.push_back(boost::asio::co_spawn(context, std::move(each), boost::asio::use_future));
    context.run();
    std::vector<Response> responses;
    for (auto& each : answers) responses.push_back(each.get());
    return responses;
  }
  Response forward(const std::string& domain = "example.net", const std::string& body = "asked") {
    std::vector<boost::asio::awaitable<Response>> asked;
    asked.push_back(relay().forward(domain_of(domain), to_bytes(body)));
    return run(std::move(asked)).at(0);
  }
  Response keys(const std::string& domain = "example.net") {
    std::vector<boost::asio::awaitable<Response>> asked;
    asked.push_back(relay().keys(domain_of(domain)));
    return run(std::move(asked)).at(0);
  }

  ScratchDirectory directory_;
  RelaySettings settings_;
  DomainUrl url_of_ = federation::directory_url;
  std::unique_ptr<store::Store> store_;
  std::shared_ptr<Relay> relay_;
};

using Carries = RelayTest;

TEST_F(Carries, TheBodyAndNothingElse) {
  std::string request;
  const Origin origin({[&](const LoopbackConnection& connection) {
    request = connection.read_until("asked");
    connection.write(kSealed);
  }});
  pin(origin);
  const Response response = forward();
  EXPECT_EQ(response.status, 200U);
  EXPECT_EQ(response.content_type, "message/ohttp-res");
  EXPECT_EQ(text_of(response), "sealed");
  EXPECT_EQ(request,
            "POST /.well-known/ohttp-gateway HTTP/1.1\r\nHost: " + origin.url().authority() +
                "\r\nUser-Agent: ktgate\r\nContent-Type: message/ohttp-req\r\n"
                "Content-Length: 5\r\n\r\nasked");
  EXPECT_EQ(relay().metrics()->count(RelayOutcome::answered), 1U);
}

TEST_F(Carries, FourFieldsBackAndNoOther) {
  const Origin origin({answering(
      "HTTP/1.1 503 Busy\r\nContent-Type: application/problem+json\r\nSet-Cookie: who=you\r\n"
      "ETag: \"you\"\r\nServer: s\r\nDate: Mon, 23 Nov 2026 00:00:00 GMT\r\nX-You: you\r\n"
      "Cache-Control: no-store\r\nRetry-After: 7\r\nContent-Length: 2\r\n\r\n{}")});
  pin(origin);
  const Response response = forward();
  EXPECT_EQ(response.status, 503U);
  EXPECT_EQ(response.content_type, "application/problem+json");
  using Fields = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(response.headers, (Fields{{"Date", "Mon, 23 Nov 2026 00:00:00 GMT"},
                                      {"Cache-Control", "no-store"},
                                      {"Retry-After", "7"}}));
}

TEST_F(Carries, WhatTheGatewayShowsForItself) {
  std::string request;
  const Origin origin({[&](const LoopbackConnection& connection) {
    request = connection.read_until("asked");
    connection.write(kSealed);
  }});
  pin(origin);
  write_file(path("token"), "the-relays-token\n");
  std::filesystem::permissions(path("token"), std::filesystem::perms::owner_read);
  settings_.peers.back().token_file = path("token");
  EXPECT_EQ(forward().status, 200U);
  EXPECT_NE(request.find("\r\nAuthorization: Bearer the-relays-token\r\n"), std::string::npos);
}

TEST_F(Carries, ErrorsOfTheOtherGateway) {
  const Origin origin(
      {answering("HTTP/1.1 400 Bad\r\nContent-Type: application/problem+json\r\n"
                 "Content-Length: 7\r\n\r\n{\"a\":1}")});
  pin(origin);
  const Response response = forward();
  EXPECT_EQ(response.status, 400U);
  EXPECT_EQ(text_of(response), "{\"a\":1}");
}

// What the other gateway has against this one is not the user's.
TEST_F(Carries, NoRefusalOfTheRelayItself) {
  for (const char* const status : {"401 Who", "403 No", "407 Who", "429 Slow"}) {
    const Origin origin({answering("HTTP/1.1 " + std::string(status) +
                                   "\r\nRetry-After: 9\r\nContent-Length: 0\r\n\r\n")});
    pin(origin);
    const Response response = forward();
    EXPECT_EQ(code_of(response), "503:upstream-unavailable") << status;
    EXPECT_EQ(response.headers.at(0), std::make_pair(std::string("Retry-After"), std::string("9")));
    relay_.reset();
    settings_.peers.clear();
  }
}

TEST_F(Carries, NothingThatIsNoAnswer) {
  for (const std::string& answer :
       {std::string(
            "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"),
        std::string("HTTP/1.1 204 Nothing\r\n\r\n"),
        std::string("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n"),
        std::string("HTTP/1.1 200 OK\r\nContent-Type: message/ohttp-res\r\n"
                    "Content-Length: 99999999\r\n\r\n"),
        std::string("SSH-2.0\r\n\r\n")}) {
    const Origin origin({answering(answer)});
    pin(origin);
    EXPECT_EQ(code_of(forward()), "502:upstream-invalid") << answer;
    relay_.reset();
    settings_.peers.clear();
  }
}

TEST_F(Carries, NothingLargerThanItMay) {
  settings_.relay.response_bytes = 1024;
  const std::string body(1025, 'a');
  const Origin origin(
      {answering("HTTP/1.1 200 OK\r\nContent-Type: message/ohttp-res\r\n"
                 "Content-Length: 1025\r\n\r\n" +
                 body)});
  pin(origin);
  EXPECT_EQ(code_of(forward()), "502:upstream-invalid");
}

TEST_F(Carries, NothingForLongerThanItMay) {
  settings_.relay.total_timeout = milliseconds(100);
  const Origin origin(
      {[](const LoopbackConnection& connection) { static_cast<void>(connection.read_all()); }});
  pin(origin);
  EXPECT_EQ(code_of(forward()), "503:upstream-unavailable");
  EXPECT_EQ(relay().metrics()->count(RelayOutcome::unavailable), 1U);
}

// The connection that was kept ends when the second request has come: nobody knows how far it got.
TEST_F(Carries, NothingTwice) {
  std::atomic<int> requests = 0;
  const Origin origin({[&](const LoopbackConnection& connection) {
    static_cast<void>(connection.read_until("asked"));
    ++requests;
    connection.write(kSealed);
    static_cast<void>(connection.read_until("asked"));
    ++requests;
  }});
  pin(origin);
  EXPECT_EQ(forward().status, 200U);
  EXPECT_EQ(code_of(forward()), "503:upstream-unavailable");
  EXPECT_EQ(requests, 2);
}

// --- Key configurations ----------------------------------------------------------------------

using FetchesKeys = RelayTest;

TEST_F(FetchesKeys, OnceForAll) {
  std::string request;
  const Origin origin({[&](const LoopbackConnection& connection) {
    request = connection.read_until("\r\n\r\n");
    connection.write(
        keys_answer("Cache-Control: public, max-age=600\r\nETag: \"you\"\r\n"
                    "Set-Cookie: who=you\r\n"));
  }});
  pin(origin);
  std::vector<boost::asio::awaitable<Response>> asked;
  for (int i = 0; i < 3; ++i) asked.push_back(relay().keys(domain_of("example.net")));
  std::vector<Response> answers = run(std::move(asked));
  answers.push_back(keys());
  for (const Response& response : answers) {
    EXPECT_EQ(response.status, 200U);
    EXPECT_EQ(response.content_type, "application/ohttp-keys");
    EXPECT_EQ(text_of(response), "keys");
    ASSERT_EQ(response.headers.size(), 1U);
    EXPECT_EQ(response.headers[0].first, "Cache-Control");
    EXPECT_EQ(response.headers[0].second.find("max-age="), 0U);
  }
  EXPECT_EQ(request,
            "GET /.well-known/ohttp-gateway HTTP/1.1\r\nHost: " + origin.url().authority() +
                "\r\nUser-Agent: ktgate\r\nAccept: application/ohttp-keys\r\n\r\n");
}

TEST_F(FetchesKeys, AgainWhenTheirTimeIsOver) {
  std::vector<std::string> requests;
  const auto script = [&requests](const std::string& answer) -> Origin::Script {
    return [&requests, answer](const LoopbackConnection& connection) {
      requests.push_back(connection.read_until("\r\n\r\n"));
      connection.write(answer);
    };
  };
  const auto begin = std::chrono::steady_clock::now();
  const Origin origin(
      {script(keys_answer("Connection: close\r\nETag: \"a\"\r\nCache-Control: max-age=0\r\n")),
       script("HTTP/1.1 304 Same\r\nConnection: close\r\nCache-Control: max-age=0\r\n\r\n"),
       script(keys_answer("Connection: close\r\n", "others"))});
  pin(origin);
  std::vector<std::string> seen{text_of(keys())};
  while (seen.back() != "others") {
    ASSERT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(60));
    const std::string now = text_of(keys());
    if (now != seen.back()) seen.push_back(now);
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"keys", "others"}));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 2 * Relay::kLeastKeysAge);
  ASSERT_EQ(requests.size(), 3U);
  EXPECT_NE(requests[1].find("If-None-Match: \"a\"\r\n"), std::string::npos);
}

TEST_F(FetchesKeys, NothingThatIsNone) {
  for (const std::string& answer :
       {std::string("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"),
        std::string("HTTP/1.1 301 There\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"),
        std::string("HTTP/1.1 304 Same\r\n\r\n"), keys_answer("", ""),
        keys_answer("", std::string(Relay::kMaxKeysSize + 1, 'a')),
        std::string(
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\nkeys")}) {
    const Origin origin({answering(answer)});
    pin(origin);
    EXPECT_EQ(code_of(keys()), "502:upstream-invalid") << answer.substr(0, 80);
    // It is not asked again at once; the origin would not answer.
    EXPECT_EQ(code_of(keys()), "502:upstream-invalid");
    relay_.reset();
    settings_.peers.clear();
  }
}

// --- Domains that are looked for -------------------------------------------------------------

// example.net: its name server, and its gateway with TLS, which has its document.
class Discovered : public RelayTest {
 protected:
  Discovered() {
    certify("kt.example.net");
    settings_.federation.resolvers = {dns_.endpoint()};
    settings_.federation.allowed_addresses = {must(federation::parse_network("127.0.0.1"))};
    change_zone([](federation::DnsZone& zone) {
      zone.records = {federation::txt_record("_kt.example.net", "v=KT1; id=1"),
                      federation::a_record("kt.example.net", {127, 0, 0, 1})};
    });
    peer().authorities = path("server.pem");
    url_of_ = [this](const federation::Domain& domain) {
      return federation::Url{true, "kt." + domain.text(), port(), ""};
    };
  }

  void certify(const std::string& name) const {
    const Pkey key = new_key();
    write_file(path("server.pem"), pem_of_certificate(key.get(), "DNS:" + name));
    write_file(path("server.key"), pem_of_key(key.get()));
  }
  [[nodiscard]] std::uint16_t port() {
    if (server_ == nullptr) {
      ListenConfiguration listen;
      listen.host = "127.0.0.1";
      listen.certificate = path("server.pem");
      listen.private_key = path("server.key");
      if (std::filesystem::exists(path("relay.pem"))) listen.client_authorities = path("relay.pem");
      server_ = must(HttpServer::start(listen, LimitsConfiguration{},
                                       [this](const auto& head) { return find(head); }));
    }
    return server_->port();
  }
  tl::expected<Endpoint, Response> find(const RequestHead& head) {
    ++requests_;
    if (head.method == Method::post) shown_ = head.client.hosts;
    Endpoint endpoint;
    endpoint.name = "test";
    endpoint.body_limit = 1000;
    Response response;
    if (head.path == "/.well-known/key-transparency") {
      response.content_type = "application/json";
      response.body = to_bytes(document());
    } else if (head.path == "/base/.well-known/ohttp-gateway") {
      response.content_type =
          std::string(head.method == Method::post ? kSealedResponseType : kKeysType);
      response.body = to_bytes(std::string_view("sealed"));
    } else {
      response.status = 404;
    }
    endpoint.handle = [response](const Request&) -> boost::asio::awaitable<Response> {
      co_return response;
    };
    return endpoint;
  }
  std::string document() {
    const auto log = federation::numbered_log(1);
    const std::uint64_t now = log::system_clock().now().value();
    federation::Directory directory = federation::single_directory(log, 1);
    directory.domain = domain_of("example.net");
    directory.not_before = Timestamp{now - 3'600'000};
    directory.expires = Timestamp{now + 86'400'000};
    directory.url = {has_tls_, gateway_host_, port(), "/base"};
    const federation::DirectorySigner signers[] = {federation::signer(log)};
    return must(federation::DirectoryDocument::sign(directory, signers)).text();
  }

  // The name server answers on a thread of its own.
  void change_zone(const std::function<void(federation::DnsZone&)>& change) {
    const std::lock_guard lock(zone_mutex_);
    change(zone_);
  }

  std::mutex zone_mutex_;
  federation::DnsZone zone_;
  std::string gateway_host_ = "kt.example.net";
  bool has_tls_ = true;
  std::atomic<int> requests_ = 0;
  std::vector<std::string> shown_;  // names in the certificate of who sent the last request
  federation::DnsServer dns_{[this](const federation::DnsAsked& asked) {
    const std::lock_guard lock(zone_mutex_);
    return std::optional<Bytes>(zone_.answer(asked));
  }};
  std::unique_ptr<HttpServer> server_;
};

TEST_F(Discovered, IsCarriedTo) {
  EXPECT_EQ(text_of(forward()), "sealed");
  EXPECT_EQ(text_of(forward()), "sealed");
  EXPECT_EQ(keys().content_type, "application/ohttp-keys");
  EXPECT_EQ(requests_, 4);
  EXPECT_EQ(relay().domains().known, 1U);
}

TEST_F(Discovered, KnowsTheRelayByItsCertificate) {
  const Pkey key = new_key();
  write_file(path("relay.pem"), pem_of_certificate(key.get(), "DNS:relay.example.com"));
  write_file(path("relay.key"), pem_of_key(key.get()));
  std::filesystem::permissions(path("relay.key"), std::filesystem::perms::owner_read);
  settings_.peers.back().certificate = path("relay.pem");
  settings_.peers.back().private_key = path("relay.key");
  EXPECT_EQ(forward().status, 200U);
  EXPECT_EQ(shown_, std::vector<std::string>{"relay.example.com"});
}

TEST_F(Discovered, IsKnownStillAfterARestart) {
  EXPECT_EQ(forward().status, 200U);
  relay_.reset();
  change_zone([](auto& zone) { zone.records.erase(zone.records.begin()); });  // the hint
  EXPECT_EQ(forward().status, 200U);
  EXPECT_EQ(requests_, 3);
  EXPECT_EQ(relay().take_news(),
            std::vector<std::string>{"the domain example.net says no more that it has a log"});
  EXPECT_TRUE(relay().take_news().empty());
}

TEST_F(Discovered, WithoutALog) {
  change_zone([](auto& zone) { zone.records.clear(); });
  EXPECT_EQ(code_of(forward()), "404:no-log");
  EXPECT_EQ(code_of(keys()), "404:no-log");
  EXPECT_EQ(requests_, 0);
}

TEST_F(Discovered, ByAServerThatFails) {
  change_zone([](auto& zone) { zone.flags |= federation::kDnsServerFailure; });
  EXPECT_EQ(code_of(forward()), "503:discovery-unavailable");
  EXPECT_EQ(relay().metrics()->count(RelayOutcome::undiscovered), 1U);
}

TEST_F(Discovered, AtAForbiddenAddress) {
  settings_.federation.allowed_addresses.clear();
  EXPECT_EQ(code_of(forward()), "503:discovery-unavailable");
  EXPECT_EQ(requests_, 0);
}

// The document is where it may be, and names a gateway on this machine.
TEST_F(Discovered, WithAGatewayAtAForbiddenAddress) {
  gateway_host_ = "127.0.0.2";
  EXPECT_EQ(code_of(forward()), "503:discovery-unavailable");
  EXPECT_EQ(code_of(keys()), "503:discovery-unavailable");
  relay_.reset();
  EXPECT_EQ(requests_, 1);
}

TEST_F(Discovered, WithAGatewayWithoutTls) {
  has_tls_ = false;
  EXPECT_EQ(code_of(forward()), "503:discovery-unavailable");
  EXPECT_EQ(requests_, 1);
}

TEST_F(Discovered, UnderAnotherName) {
  certify("kt.example.org");
  EXPECT_EQ(code_of(forward()), "503:discovery-unavailable");
  EXPECT_EQ(requests_, 0);
}

TEST_F(Discovered, WhatIsNotAuthenticWhereItHasToBe) {
  settings_.peers.back().dnssec = DnssecPolicy::require;
  EXPECT_EQ(code_of(forward()), "503:discovery-unavailable");
  EXPECT_EQ(requests_, 0);
  relay_.reset();
  change_zone([](auto& zone) { zone.flags |= federation::kDnsAuthentic; });
  EXPECT_EQ(forward().status, 200U);
}

// A name whose address is the operator's has to be listed even if it is pinned; an address need not
// be.
TEST_F(RelayTest, PinsAreNoWayAround) {
  federation::DnsServer dns([](const federation::DnsAsked& asked) {
    return std::optional<Bytes>(
        federation::DnsZone{{federation::a_record("kt.example.net", {127, 0, 0, 1})}}.answer(
            asked));
  });
  settings_.federation.resolvers = {dns.endpoint()};
  peer().url = federation::Url{false, "kt.example.net", 1, ""};
  EXPECT_EQ(code_of(forward()), "503:discovery-unavailable");
  EXPECT_EQ(code_of(keys()), "503:discovery-unavailable");
}

TEST_F(RelayTest, IsTheSameAsLongAsNothingHasChanged) {
  const Origin origin({[](const LoopbackConnection&) {}});
  pin(origin);
  write_file(path("ca.pem"), "one");
  const auto changed = [this] {
    return !relay().is_of(settings_, must(read_peer_files(settings_.peers)));
  };
  EXPECT_FALSE(changed());
  settings_.peers.back().dnssec = DnssecPolicy::require;
  EXPECT_TRUE(changed());
  settings_.peers.back().dnssec = DnssecPolicy::record;
  settings_.relay.burst += 1;
  EXPECT_TRUE(changed());
  settings_.relay.burst -= 1;
  EXPECT_FALSE(changed());
  const auto last = LoopbackConnection::to(origin.url().port);
}

TEST_F(RelayTest, ToldToCloseItAnswersNothingMore) {
  const Origin origin({answering(kSealed)});
  pin(origin);
  EXPECT_EQ(forward().status, 200U);
  relay().close();
  EXPECT_EQ(code_of(forward()), "503:draining");
}

// Name servers that do not validate are told of, when the gateway begins.
TEST_F(Discovered, SaysWhenNothingIsValidated) {
  peer("example.org");
  settings_.peers[0].dnssec = DnssecPolicy::require;
  bool validates = false;
  const auto news = [&] {
    relay_.reset();
    std::vector<std::string> all;
    const auto begin = std::chrono::steady_clock::now();
    while (all.empty() && std::chrono::steady_clock::now() - begin < std::chrono::seconds(20)) {
      all = relay().take_news();
      const auto asked = dns_.asked();
      // It was asked, and there is nothing to say.
      if (all.empty() && validates && !asked.empty()) {
        relay().close();
        return relay().take_news();
      }
    }
    return all;
  };
  const auto without = news();
  ASSERT_EQ(without.size(), 1U);
  EXPECT_NE(without[0].find("do they validate?"), std::string::npos) << without[0];
  change_zone([](auto& zone) { zone.flags |= federation::kDnsAuthentic; });
  validates = true;
  EXPECT_TRUE(news().empty());
}

}  // namespace
}  // namespace kt::gateway
