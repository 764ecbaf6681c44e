// `kt lookup`, at a gateway of its own.
#include "client/lookup.h"

#include <thread>

#include "keytrans/base64url.h"
#include "kt_program.h"

namespace kt::client {
namespace {

class Lookup : public KtProgram {
 protected:
  void SetUp() override {
    create("log");
    import("log", gateway::line_of(kAlice, 0, "first") + gateway::line_of(kAlice, 1, "second") +
                      gateway::line_of("bob@example.com", 0, "\x1b[31m\n"));
    serve("log");
  }
};

TEST_F(Lookup, PrintsWhatWasVerified) {
  trust(serving().url());
  const Outcome found = kt({"lookup", "acct:alice@EXAMPLE.com"});
  EXPECT_EQ(found.code, 0) << found.err;
  for (const char* const line : {"alice@example.com\n", "second\n", "1, the greatest there is\n"})
    EXPECT_NE(found.out.find(line), std::string::npos) << found.out;
  const Json json = kt_json({"lookup", kAlice});
  EXPECT_EQ(json.at("label"), kAlice);
  EXPECT_EQ(json.at("version"), 1);
  EXPECT_EQ(json.at("value"), to_base64url(to_bytes(std::string_view("second"))));
  EXPECT_EQ(json.at("log").at("alias"), "main");
  EXPECT_EQ(json.at("epoch"), 1);
  // Bytes that a terminal would take for something else.
  EXPECT_EQ(kt({"lookup", "bob@example.com"}).out.find('\x1b'), std::string::npos);
  EXPECT_EQ(kt({"lookup", "bob@example.com", "--raw"}).out, "\x1b[31m\n");
}

TEST_F(Lookup, FindsAVersionInTheLogItself) {
  trust(serving().url());
  EXPECT_EQ(kt({"lookup", kAlice, "--version", "0", "--raw"}).out, "first");
  EXPECT_EQ(kt({"lookup", kAlice, "--log", "main", "--raw"}).out, "second");
  const std::string id = kt_json({"trust"})[0].at("logs").at(0).at("log_id");
  EXPECT_EQ(kt({"lookup", kAlice, "--log", id, "--version", "0", "--raw"}).out, "first");
  EXPECT_EQ(kt_json({"lookup", kAlice, "--version", "0"}).at("is_greatest"), false);
  expect_error(kt({"lookup", kAlice, "--version", "2"}), 3, "unknown-version");
  expect_error(kt({"lookup", kAlice, "--log", "other"}), 3, "no log of that name");
}

TEST_F(Lookup, WritesAFileAndReplacesNone) {
  trust(serving().url());
  EXPECT_EQ(kt({"lookup", kAlice, "--output", path("value")}).code, 0);
  EXPECT_EQ(gateway::read_file(path("value")), "second");
  expect_error(kt({"lookup", "bob@example.com", "--output", path("value")}), 5, "--output");
  EXPECT_EQ(gateway::read_file(path("value")), "second");
}

TEST_F(Lookup, SaysWhyNot) {
  expect_error(kt({"lookup", kAlice}), 3, "not trusted");
  trust(serving().url());
  expect_error(kt({"lookup", "carol@example.com"}), 3, "unknown-label");
  expect_error(kt({"lookup", "alice@exa mple.com"}), 2, "");
  expect_error(kt({"lookup", "tel:+12015550123"}), 5, "no default domain");
  // It is the gateway's to say whose telephone numbers are.
  expect_error(kt({"lookup", "tel:+12015550123", "--domain", "example.com"}), 5,
               "invalid-identity");
  expect_error(kt({"lookup", kAlice, "--raw", "--json"}), 2, "--raw");
  expect_error(kt({"lookup"}), 2, "IDENTITY");
  ASSERT_EQ(serving().stop().code, 0);
  expect_error(kt({"lookup", kAlice}), 4, "127.0.0.1");
}

TEST_F(Lookup, FollowsADocumentThatTheGatewayGoesBy) {
  const auto url = serving().url();
  trust(url);
  create("other");
  import("other", gateway::line_of(kAlice, 0, "elsewhere"));
  publish_document("log", url, "policy = \"single\"\nlogs = [\"two\"]\n",
                   "[[log]]\ndirectory = \"other\"\nalias = \"two\"\n");
  const Outcome found = kt({"lookup", kAlice, "--raw"});
  EXPECT_EQ(found.out, "elsewhere");
  EXPECT_NE(found.err.find("new directory document, of epoch 2"), std::string::npos) << found.err;
  EXPECT_EQ(kt_json({"trust"})[0].at("epoch"), 2);
}

TEST_F(Lookup, ManyProcessesAtOnceLoseNothing) {
  trust(serving().url());
  std::vector<std::thread> threads;
  std::vector<Outcome> outcomes(6);
  for (std::size_t i = 0; i < outcomes.size(); ++i)
    threads.emplace_back([this, i, &outcomes] {
      outcomes[i] = kt({"lookup", i % 2 == 0 ? kAlice : "bob@example.com", "--raw"});
    });
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    EXPECT_EQ(outcomes[i].code, 0) << outcomes[i].err;
    EXPECT_EQ(outcomes[i].out, i % 2 == 0 ? "second" : "\x1b[31m\n");
  }
  const auto logs = must(must(StateDirectory::open(state())).read_all("logs"));
  ASSERT_EQ(logs.size(), 1U);
  EXPECT_TRUE(keytrans::ClientState::parse(logs[0].second).has_value());
}

// Asks over HTTP, and has something happen before the first answer is given.
class Overtaking final : public Transport {
 public:
  explicit Overtaking(std::function<void()> overtake) : overtake_(std::move(overtake)) {}
  Result<Bytes> post(const Origin& origin, const Question& question) override {
    ++posts_;
    auto answer = http_->post(origin, question);
    if (posts_ == 1) overtake_();
    return answer;
  }
  Result<federation::DirectoryDocument> fetch(const Origin& origin,
                                              const federation::Domain& domain) override {
    return http_->fetch(origin, domain);
  }
  [[nodiscard]] int posts() const { return posts_; }

 private:
  std::function<void()> overtake_;
  std::unique_ptr<Transport> http_ = make_http_transport();
  int posts_ = 0;
};

TEST_F(Lookup, WhoeverIsOvertakenAsksAgain) {
  trust(serving().url());
  const auto update = [this] {
    gateway::Asker writer(serving().url(), gateway::kWriterToken);
    const keytrans::UpdateRequest request{
        {}, label_of("carol@example.com"), {}, {{to_bytes(std::string_view("key"))}}};
    ASSERT_EQ(
        writer.post("/kt/v1/logs/main/update", "update-request", must(keytrans::encode(request)))
            .status,
        200U);
    ASSERT_EQ(kt({"lookup", "carol@example.com", "--raw"}).out, "key");
  };
  Overtaking transport(update);
  Session session{must(StateDirectory::open(state())), &transport};
  const Found found = must(lookup(session, {kAlice, {}, {}, {}}));
  EXPECT_EQ(gateway::text_of(found.value), "second");
  EXPECT_EQ(transport.posts(), 2);
  // What the other process has learned is not lost.
  EXPECT_GE(found.tree.size, TreeSize{3});
}

class BusyGateway : public KtProgram {};

TEST_F(BusyGateway, IsAskedAgainWhenItHasSaidSo) {
  create("log");
  import("log", gateway::line_of(kAlice, 0, "the key"));
  limits_ = "[limits]\nrequests_per_second = 1\nburst = 1\n";
  serve("log");
  // It takes the document, and then the log's word for it, a second later.
  const std::string url = serving().url().text();
  gateway::wait_until(
      [&] {
        return kt({"trust", "example.com", "--url", url}).code == 0;
      },
      "the domain is trusted");
  expect_error(kt({"lookup", kAlice, "--timeout", "500ms"}), 4, "429");
  EXPECT_EQ(kt({"lookup", kAlice}).code, 0);
}

// Whoever is told to come back at once does not use up the time that it has in asking.
TEST_F(BusyGateway, IsNotAskedAgainAtOnceWhateverItSays) {
  create("log");
  import("log", gateway::line_of(kAlice, 0, "the key"));
  ManInTheMiddle busy;
  serve("log", busy.url());
  busy.ask(serving().url().port);
  trust(busy.url());
  const std::size_t before = busy.exchanges().size();
  busy.meddle([](const Exchange& /*exchange*/) {
    return std::string("HTTP/1.1 429 Busy\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n");
  });
  expect_error(kt({"lookup", kAlice, "--timeout", "1500ms"}), 4, "429");
  EXPECT_LE(busy.exchanges().size() - before, 2U);
}

}  // namespace
}  // namespace kt::client
