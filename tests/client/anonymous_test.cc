// Anonymous lookups with `kt`, through a relay that keeps all that it sees, at a gateway that has
// another domain and the home domain of the user.
#include "client/anonymous.h"

#include <algorithm>
#include <mutex>

#include "federation/ohttp_keys.h"
#include "kt_program.h"

namespace kt::client {
namespace {

constexpr std::string_view kKeysPath = "/.well-known/ohttp-gateway";
constexpr const char* kToken = "the-users-token";

class Anonymous : public KtProgram {
 protected:
  void SetUp() override {
    create("log");
    import("log", gateway::line_of(kAlice, 0, "first") + gateway::line_of(kAlice, 1, "second") +
                      gateway::line_of("bob@example.com", 0, "bobs1") +
                      gateway::line_of("bob@example.com", 1, "bobs 2"));
    create("home");
    import("home", gateway::line_of("carol@home.example", 0, "carols"));
    const std::string url = "url = \"" + relay_.url().text() + "\"\n";
    // Answers have about 1 KiB, more or less by where their labels are in the tree.
    start("log", "[ohttp]\nenabled = true\npad_from = \"2KiB\"\n",
          "[[log]]\ndirectory = \"home\"\nalias = \"home\"\n"
          "[[domain]]\nname = \"example.com\"\nlabel_rule = \"bytes\"\npolicy = \"single\"\n"
          "logs = [\"main\"]\n" +
              url +
              "[[domain]]\nname = \"home.example\"\nlabel_rule = \"bytes\"\npolicy = \"single\"\n"
              "logs = [\"home\"]\n" +
              url);
    for (const char* const line : {"document of example.com has epoch",
                                   "document of home.example has", "a new key for Oblivious HTTP"})
      gateway::wait_until([&] { return serving().err().find(line) != std::string::npos; }, line);
    relay_.ask(serving().url().port);
    relay_.rewrite([this](const std::string& request) { return relayed(request); });
    gateway::write_file(path("token"), std::string(kToken) + "\n");
    std::filesystem::permissions(path("token"), std::filesystem::perms(0600));
    for (const char* const domain : {"home.example", "example.com"}) {
      const Outcome trusted = kt({"trust", domain, "--url", relay_.url().text()});
      ASSERT_EQ(trusted.code, 0) << trusted.err;
    }
    const Outcome home = kt({"home", "home.example", "--token-file", path("token")});
    ASSERT_EQ(home.code, 0) << home.err;
    forget();
  }

  // As a relay does: the other domain's gateway is asked in the place of this one, and by it.
  std::string relayed(std::string request) {
    const bool is_relayed = request.find(" /relay/") != std::string::npos;
    {
      const std::scoped_lock lock(mutex_);
      seen_.push_back(request);
    }
    for (const std::string_view target : {"/relay/example.com/keys", "/relay/example.com",
                                          "/relay/home.example/keys", "/relay/home.example"}) {
      const std::size_t at = request.find(" " + std::string(target) + " ");
      if (at != std::string::npos) request.replace(at + 1, target.size(), kKeysPath);
    }
    const std::size_t token = request.find("Authorization: ");
    if (is_relayed && token != std::string::npos)
      request.erase(token, request.find("\r\n", token) + 2 - token);
    return request;
  }
  void forget() {
    const std::scoped_lock lock(mutex_);
    seen_.clear();
  }
  [[nodiscard]] std::vector<std::string> seen() const {
    const std::scoped_lock lock(mutex_);
    return seen_;
  }
  // What was asked since, of those that went by the relay.
  [[nodiscard]] std::vector<std::string> targets() const {
    std::vector<std::string> all;
    for (const std::string& request : seen()) {
      const std::size_t begin = request.find(' ') + 1;
      all.push_back(request.substr(begin, request.find(' ', begin) - begin));
    }
    return all;
  }
  [[nodiscard]] bool is_anonymous() const {
    const auto all = targets();
    return std::all_of(all.begin(), all.end(), [](const std::string& target) {
      return target.starts_with("/relay/example.com");
    });
  }

  mutable std::mutex mutex_;
  std::vector<std::string> seen_;  // one request after the other
  ManInTheMiddle relay_;
};

TEST_F(Anonymous, OtherDomainsAreAskedThroughTheRelay) {
  const Outcome found = kt({"lookup", kAlice});
  EXPECT_EQ(found.code, 0) << found.err;
  EXPECT_NE(found.out.find("second\n"), std::string::npos) << found.out;
  EXPECT_NE(found.out.find("through a relay"), std::string::npos);
  EXPECT_EQ(targets(), (std::vector<std::string>{"/relay/example.com/keys", "/relay/example.com",
                                                 "/relay/example.com"}));
  const Json json = kt_json({"lookup", kAlice, "--anonymous"});
  EXPECT_EQ(json.at("anonymous"), true);
  EXPECT_EQ(json.at("version"), 1);
  // A version, which the log itself is asked for.
  EXPECT_EQ(kt({"lookup", kAlice, "--version", "0", "--raw"}).out, "first");
  EXPECT_TRUE(is_anonymous());
}

// The relay sees a token and sizes, and these are the same whoever is looked up, by somebody who
// knows as much of the log.
TEST_F(Anonymous, TheRelayLearnsNotWhoIsLookedUp) {
  EXPECT_EQ(kt({"lookup", kAlice, "--raw"}).out, "second");
  std::filesystem::copy(state(), path("before"), std::filesystem::copy_options::recursive);
  const auto sizes = [this](const std::string& identity, const std::string& value) {
    std::filesystem::remove_all(state());
    std::filesystem::copy(path("before"), state(), std::filesystem::copy_options::recursive);
    forget();
    EXPECT_EQ(kt({"lookup", identity, "--raw"}).out, value);
    std::vector<std::pair<std::size_t, std::size_t>> all;
    for (const Exchange& exchange : relay_.exchanges()) {
      const std::string all_bytes = exchange.head + exchange.answer;
      if (exchange.head.find(" /relay/") == std::string::npos) continue;
      for (const char* const secret : {"alice", "bob", "second", "bobs"})
        EXPECT_EQ(all_bytes.find(secret), std::string::npos);
    }
    for (const std::string& request : seen()) {
      for (const char* const secret : {"alice", "bob"})
        EXPECT_EQ(request.find(secret), std::string::npos);
      EXPECT_NE(request.find(std::string("Bearer ") + kToken), std::string::npos);
      all.emplace_back(request.size() - body_of(request), 0);
    }
    const auto exchanges = relay_.exchanges();
    for (std::size_t i = 0; i < all.size(); ++i) {
      const Exchange& exchange = exchanges.at(exchanges.size() - all.size() + i);
      all[i].second = exchange.answer.size() - body_of(exchange.answer);
    }
    return all;
  };
  const auto of_alice = sizes(kAlice, "second");
  EXPECT_EQ(of_alice.size(), 3U);
  EXPECT_EQ(sizes("bob@example.com", "bobs 2"), of_alice);
}

TEST_F(Anonymous, IsLeftOutWhenThatIsSaidOrThereIsNoHome) {
  EXPECT_EQ(kt_json({"lookup", kAlice, "--direct"}).at("anonymous"), false);
  EXPECT_EQ(targets(), std::vector<std::string>{"/kt/v1/lookup"});
  expect_error(kt({"lookup", kAlice, "--direct", "--anonymous"}), 2, "not both");
  expect_error(kt({"lookup", "carol@home.example", "--anonymous"}), 5, "kt home --relay");
  EXPECT_EQ(kt_json({"home"}).at("domain"), "home.example");
  EXPECT_EQ(kt({"home", "--none"}).code, 0);
  EXPECT_EQ(kt_json({"home"}).at("domain"), nullptr);
  forget();
  EXPECT_EQ(kt({"lookup", kAlice, "--raw"}).out, "second");
  EXPECT_EQ(targets(), std::vector<std::string>{"/kt/v1/lookup"});
  expect_error(kt({"lookup", kAlice, "--anonymous"}), 5, "kt home");
  expect_error(kt({"home", "example.org"}), 3, "not trusted");
}

TEST_F(Anonymous, AsksTheHomeDomainThroughAnotherOneThatKnowsTheUser) {
  expect_error(kt({"home", "home.example", "--relay", "home.example"}), 2, "its own");
  expect_error(kt({"home", "home.example", "--relay", "example.org"}), 3, "not trusted");
  expect_error(kt({"home", "--relay", "example.com"}), 2, "DOMAIN");
  EXPECT_EQ(kt_json({"home"}).at("relay"), nullptr);
  const Outcome home = kt({"home", "home.example", "--token-file", path("token"), "--relay",
                           "example.com", "--relay-token-file", path("token")});
  ASSERT_EQ(home.code, 0) << home.err;
  EXPECT_EQ(kt_json({"home"}).at("relay"), "example.com");
  EXPECT_EQ(kt_json({"home"}).at("relay_token_file"), path("token"));
  forget();
  EXPECT_EQ(kt_json({"lookup", "carol@home.example"}).at("anonymous"), false);
  EXPECT_EQ(targets(), std::vector<std::string>{"/kt/v1/lookup"});
  forget();
  const Json found = kt_json({"lookup", "carol@home.example", "--anonymous"});
  EXPECT_EQ(found.at("anonymous"), true);
  EXPECT_EQ(found.at("value"), "Y2Fyb2xz");
  EXPECT_EQ(targets(), (std::vector<std::string>{"/relay/home.example/keys", "/relay/home.example",
                                                 "/relay/home.example"}));
  // Others are asked through the home domain as before.
  forget();
  EXPECT_EQ(kt({"lookup", kAlice, "--raw"}).out, "second");
  EXPECT_EQ(targets().front(), "/relay/example.com/keys");
}

// Keys that the log does not have, though the gateway, or somebody who is it, opens what is sealed
// to them: a list that was made longer is another one.
TEST_F(Anonymous, KeysThatTheLogDoesNotHaveAreNotUsed) {
  relay_.meddle([](const Exchange& exchange) {
    if (exchange.head.find("/keys ") == std::string::npos) return exchange.answer;
    std::string answer = exchange.answer;
    const std::string list = answer.substr(body_of(answer));
    std::string lowered = answer;
    std::transform(lowered.begin(), lowered.end(), lowered.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const std::size_t length = lowered.find("content-length: ") + 16;
    answer.replace(length, answer.find("\r\n", length) - length, std::to_string(2 * list.size()));
    return answer + list;
  });
  const Outcome outcome = kt({"lookup", kAlice});
  expect_error(outcome, 6, "kt:ohttp-keys");
  // Nothing was asked but that.
  EXPECT_EQ(targets(), (std::vector<std::string>{"/relay/example.com/keys", "/relay/example.com"}));
}

TEST_F(Anonymous, NothingIsAskedInAnotherWayWhenItFails) {
  const auto answer_with = [this](const std::string& answer) {
    relay_.meddle([answer](const Exchange& /*exchange*/) { return answer; });
    forget();
    const Outcome outcome = kt({"lookup", kAlice, "--timeout", "2s"});
    EXPECT_EQ(outcome.out, "");
    EXPECT_TRUE(is_anonymous());
    return outcome;
  };
  const std::string end = "\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
  expect_error(answer_with("HTTP/1.1 503 Any\r\nContent-Type: text/plain" + end), 4, "the relay");
  expect_error(answer_with("HTTP/1.1 401 Any\r\nContent-Type: text/plain" + end), 5, "the relay");
  expect_error(answer_with("HTTP/1.1 200 Any\r\nContent-Type: text/plain" + end), 6,
               "another type");
  expect_error(answer_with("HTTP/1.1 200 Any\r\nContent-Type: application/ohttp-keys" + end), 6,
               "the gateway's keys");
}

// Every byte of an answer that somebody changes.
TEST_F(Anonymous, AnAnswerThatWasChangedIsNotBelieved) {
  for (const double part : {0.0, 0.01, 0.5, 0.999}) {
    relay_.meddle([part](const Exchange& exchange) {
      std::string answer = exchange.answer;
      if (exchange.head.find("POST /relay/") == std::string::npos) return answer;
      const std::size_t body = body_of(answer);
      const auto at =
          body + static_cast<std::size_t>(part * static_cast<double>(answer.size() - body));
      answer.at(at) = static_cast<char>(answer.at(at) ^ 1);
      return answer;
    });
    expect_error(kt({"lookup", kAlice}), 6, "does not open");
  }
}

}  // namespace
}  // namespace kt::client
