// The relay as its users see it, and what everybody else does.
#include <future>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "loopback.h"
#include "serve_program.h"

namespace kt::gateway {
namespace {

using federation::HttpResponse;

constexpr const char* kAlicesToken = "alices-secret-token";
constexpr const char* kBobsToken = "bobs-secret-token";
constexpr const char* kOtherRelaysToken = "the-other-relays-token";
constexpr const char* kSealed =
    "HTTP/1.1 200 OK\r\nContent-Type: message/ohttp-res\r\nContent-Length: 6\r\n\r\nsealed";

// The code of a problem, or "ok".
std::string code(const HttpResponse& response) {
  if (response.status == 200) return "ok";
  EXPECT_EQ(response.content_type, "application/problem+json");
  const std::string type = nlohmann::json::parse(response.body).at("type");
  return std::to_string(response.status) + type.substr(std::string_view("urn:ktgate:error").size());
}

class RelayServed : public LogProgram {
 protected:
  void start(const std::string& relay = "users = \"authenticated\"\n") {
    create("a");
    write_file(
        path("ktgate.toml"),
        "state = \"state\"\n[listen]\naddress = \"127.0.0.1:0\"\n[admin]\nsocket = \"admin\"\n" +
            principal("alice", kAlicesToken) + principal("bob", kBobsToken) +
            principal("other-relay", kOtherRelaysToken) +
            "[[log]]\ndirectory = \"a\"\nalias = \"a\"\n"
            "[[domain]]\nname = \"example.com\"\nlabel_rule = \"bytes\"\n"
            "policy = \"single\"\nlogs = [\"a\"]\n"
            "[federation]\nresolvers = [\"127.0.0.1:1\"]\n[relay]\n" +
            relay + "[[peer]]\ndomain = \"example.net\"\nurl = \"http://127.0.0.1:" +
            std::to_string(peer_.port()) + "\"\nprincipal = \"other-relay\"\n");
    serving_.emplace(path("ktgate.toml"));
  }

  [[nodiscard]] Asker asker(const std::string& token) const {
    return Asker(serving_->url(), token);
  }
  static HttpResponse forward(Asker& asker, const std::string& domain = "example.net",
                              const std::string& type = "message/ohttp-req") {
    federation::HttpRequest request;
    request.method = federation::HttpMethod::post;
    request.target = "/relay/" + domain;
    request.content_type = type;
    request.body = to_bytes(std::string_view("asked"));
    return must(asker.send(std::move(request)));
  }
  [[nodiscard]] std::future<HttpResponse> forward_later(const std::string& token) const {
    return std::async(std::launch::async, [this, token] {
      Asker user = asker(token);
      return forward(user);
    });
  }
  [[nodiscard]] std::string metrics() const {
    federation::HttpClientOptions options;
    options.socket = path("admin");
    Asker admin(serving_->url(), "", options);
    return text_of(admin.get("/metrics").body);
  }

  const LoopbackListener peer_;
  std::optional<Serving> serving_;
};

TEST_F(RelayServed, CarriesWhatAUserHasSealed) {
  start();
  auto answer = forward_later(kAlicesToken);
  const LoopbackConnection connection = peer_.accept();
  EXPECT_NE(connection.read_until("asked").find("POST /.well-known/ohttp-gateway HTTP/1.1\r\n"),
            std::string::npos);
  connection.write(kSealed);
  const HttpResponse response = answer.get();
  EXPECT_EQ(response.status, 200U);
  EXPECT_EQ(response.content_type, "message/ohttp-res");
  EXPECT_EQ(text_of(response.body), "sealed");
  EXPECT_NE(metrics().find("\nktgate_relay_requests_total{outcome=\"answered\"} 1\n"),
            std::string::npos);
}

// All that the other gateway is sent, and all that this one leaves behind, is searched for who
// asked; and what this one leaves behind for what was asked, and where.
TEST_F(RelayServed, WhatEachPartyLearns) {
  start();
  const LoopbackConnection user = LoopbackConnection::to(serving_->url().port);
  user.write(
      "POST /relay/example.net HTTP/1.1\r\nHost: kt.example.com\r\nAuthorization: Bearer " +
      std::string(kAlicesToken) +
      "\r\nUser-Agent: alices-phone\r\nCookie: who=alice\r\nX-Forwarded-For: 192.0.2.77\r\n"
      "Forwarded: for=192.0.2.77\r\nFrom: alice@example.com\r\nReferer: https://alice.example/\r\n"
      "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n"
      "Via: 1.1 alices-proxy\r\nContent-Type: message/ohttp-req\r\nContent-Length: 11\r\n\r\n"
      "sealed-for!");
  std::string sent;
  {
    const LoopbackConnection connection = peer_.accept();
    sent = connection.read_until("sealed-for!");
    connection.write(kSealed);
    EXPECT_NE(user.read_until("sealed").find(" 200 "), std::string::npos);
    const std::string admin = metrics();
    const Outcome ended = serving_->stop();
    // What was said after the answer counts as well.
    sent += connection.read_all();
    for (const std::string& left : {admin, ended.out, ended.err}) {
      for (const char* const secret :
           {"alice", kAlicesToken, "192.0.2.77", "example.net", "sealed-for!", "0af7651916cd43dd"})
        EXPECT_EQ(left.find(secret), std::string::npos) << secret << " in " << left;
    }
  }
  for (const char* const secret : {"alice", kAlicesToken, "192.0.2.77", "0af7651916cd43dd",
                                   "example.com", "Cookie", "Forwarded", "Authorization"})
    EXPECT_EQ(sent.find(secret), std::string::npos) << secret << " in " << sent;
}

TEST_F(RelayServed, IsForUsersOfTheGateway) {
  start();
  Asker anyone = asker("");
  Asker stranger = asker("nobodys-token");
  Asker other_relay = asker(kOtherRelaysToken);
  for (Asker* const asked : {&anyone, &stranger}) {
    EXPECT_EQ(code(forward(*asked)), "401:unauthenticated");
    EXPECT_EQ(code(asked->get("/relay/example.net/keys")), "401:unauthenticated");
  }
  EXPECT_EQ(code(forward(other_relay)), "403:forbidden");
  EXPECT_EQ(code(other_relay.get("/relay/example.net/keys")), "403:forbidden");
}

TEST_F(RelayServed, IsNotThereUnlessItIsTurnedOn) {
  start("");
  Asker alice = asker(kAlicesToken);
  EXPECT_EQ(code(forward(alice)), "403:forbidden");
  EXPECT_EQ(metrics().find("ktgate_relay"), std::string::npos);
}

TEST_F(RelayServed, TakesNamesOfOtherDomainsAlone) {
  start("users = \"authenticated\"\nrequests_per_second = 0\n");
  Asker alice = asker(kAlicesToken);
  for (const char* const none :
       {"localhost", "127.0.0.1", "EXAMPLE.net", "example.net.", "127.0.0.1:80",
        "http:%2F%2F127.0.0.1", "example.net%2Fkeys", "example..net"})
    EXPECT_EQ(code(forward(alice, none)), "400:malformed") << none;
  EXPECT_EQ(code(forward(alice, "")), "404:not-found");
  EXPECT_EQ(code(forward(alice, "example.com")), "403:forbidden");
  EXPECT_EQ(code(alice.get("/relay/example.com/keys")), "403:forbidden");
  EXPECT_EQ(code(alice.get("/relay/example.net")), "405:method-not-allowed");
  EXPECT_EQ(code(forward(alice, "example.net/keys")), "405:method-not-allowed");
  EXPECT_EQ(code(forward(alice, "example.net", "text/plain")), "415:unsupported-media-type");
  EXPECT_EQ(code(alice.get("/relay/example.net/keys", "text/html")), "406:not-acceptable");
  // Its name server is not there.
  EXPECT_EQ(code(forward(alice, "example.org")), "503:discovery-unavailable");
}

TEST_F(RelayServed, EachUserHasARateOfTheirOwn) {
  start("users = \"authenticated\"\nrequests_per_second = 1\nburst = 1\n");
  Asker alice = asker(kAlicesToken);
  Asker bob = asker(kBobsToken);
  std::string last;
  for (int i = 0; i < 1000 && last != "429:rate-limited"; ++i)
    last = code(forward(alice, "example.org"));
  EXPECT_EQ(last, "429:rate-limited");
  EXPECT_EQ(code(forward(bob, "example.org")), "503:discovery-unavailable");
}

TEST_F(RelayServed, EachUserHasSoManyRequestsAtATime) {
  start("users = \"authenticated\"\nrequests = 1\n");
  auto alices = forward_later(kAlicesToken);
  const LoopbackConnection first = peer_.accept();
  static_cast<void>(first.read_until("asked"));
  EXPECT_EQ(code(forward_later(kAlicesToken).get()), "429:rate-limited");
  auto bobs = forward_later(kBobsToken);
  const LoopbackConnection second = peer_.accept();
  static_cast<void>(second.read_until("asked"));
  second.write(kSealed);
  EXPECT_EQ(code(bobs.get()), "ok");
  first.write(kSealed);
  EXPECT_EQ(code(alices.get()), "ok");
  EXPECT_NE(metrics().find("\nktgate_relay_requests_total{outcome=\"busy\"} 1\n"),
            std::string::npos);
}

TEST_F(RelayServed, EverybodyGetsTheSameKeys) {
  start();
  const auto ask_later = [this](const char* token) {
    return std::async(std::launch::async, [this, token] {
      Asker user = asker(token);
      return user.get("/relay/example.net/keys");
    });
  };
  auto alices = ask_later(kAlicesToken);
  const LoopbackConnection connection = peer_.accept();
  const std::string asked = connection.read_until("\r\n\r\n");
  auto bobs = ask_later(kBobsToken);
  connection.write(
      "HTTP/1.1 200 OK\r\nContent-Type: application/ohttp-keys\r\n"
      "Cache-Control: max-age=600\r\nContent-Length: 4\r\n\r\nkeys");
  EXPECT_EQ(text_of(alices.get().body), "keys");
  EXPECT_EQ(text_of(bobs.get().body), "keys");
  EXPECT_EQ(asked.find("alice"), std::string::npos);
  EXPECT_EQ(text_of(ask_later(kBobsToken).get().body), "keys");
}

TEST_F(RelayServed, FollowsItsConfiguration) {
  start();
  const std::string before = read_file(path("ktgate.toml"));
  std::string without = before;
  without.replace(without.find("\"authenticated\""), 15, "\"nobody\"");
  write_file(path("ktgate.toml"), without);
  EXPECT_NE(serving_->reload().find("was reloaded"), std::string::npos);
  Asker alice = asker(kAlicesToken);
  EXPECT_EQ(code(forward(alice)), "403:forbidden");
  write_file(path("ktgate.toml"), before);
  EXPECT_NE(serving_->reload().find("was reloaded"), std::string::npos);
  EXPECT_EQ(code(forward(alice, "example.org")), "503:discovery-unavailable");
  EXPECT_EQ(serving_->stop().code, 0);
}

}  // namespace
}  // namespace kt::gateway
