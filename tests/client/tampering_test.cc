// Somebody between `kt` and a gateway, or the log itself, who lies.
#include <filesystem>

#include "federation/routed_messages.h"
#include "kt_program.h"

namespace kt::client {
namespace {

class Tampering : public KtProgram {
 protected:
  void SetUp() override {
    create("log");
    import("log", gateway::line_of(kAlice, 0, "first") + gateway::line_of(kAlice, 1, "second"));
    serve("log", middle_.url());
    middle_.ask(serving().url().port);
    trust(middle_.url());
  }
  // After the version `greatest`.
  void update(const std::string& name, const std::string& value,
              std::optional<Version> greatest = {}) {
    gateway::Asker writer(serving().url(), gateway::kWriterToken);
    const Bytes id =
        *from_hex(kt_json({"trust"})[0].at("logs").at(0).at("log_id").get<std::string>());
    HashValue log{};
    std::copy(id.begin(), id.end(), log.begin());
    const federation::RoutedUpdateRequest request{
        label_of(name), {{log, {}, greatest}}, {keytrans::LabelValue{to_bytes(value)}}};
    const auto answer =
        writer.post("/kt/v1/update", "routed-update-request", must(federation::encode(request)));
    ASSERT_EQ(answer.status, 200U) << gateway::text_of(answer.body);
  }
  // Nothing is printed or remembered of what does not verify.
  void expect_rejected(const std::vector<std::string>& arguments, const std::string& what) {
    const auto before = remembered();
    const Outcome outcome = kt(arguments);
    EXPECT_EQ(outcome.code, 6) << what << ": " << outcome.err;
    EXPECT_EQ(outcome.out, "") << what;
    EXPECT_EQ(remembered(), before) << what;
  }

  ManInTheMiddle middle_;
};

TEST_F(Tampering, NoChangedByteIsBelieved) {
  ASSERT_EQ(kt({"lookup", kAlice, "--raw"}).out, "second");
  const std::string honest = middle_.exchanges().back().answer;
  const std::size_t body = body_of(honest);
  // The epoch is the gateway's word, and no more than a hint: the bytes after it count.
  for (std::size_t at = body + 8; at < honest.size(); at += 61) {
    middle_.meddle([at](const Exchange& exchange) {
      std::string answer = exchange.answer;
      if (at < answer.size()) answer[at] = static_cast<char>(answer[at] ^ 1);
      return answer;
    });
    expect_rejected({"lookup", kAlice}, "byte " + std::to_string(at - body));
  }
  middle_.meddle([](const Exchange& exchange) { return exchange.answer; });
  EXPECT_EQ(kt({"lookup", kAlice, "--raw"}).out, "second");
}

TEST_F(Tampering, TruncatedAndForeignAnswersAreRefused) {
  const auto answer_with = [](const std::string& type, const std::string& body) {
    return "HTTP/1.1 200 OK\r\nContent-Type: " + type +
           "\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
           body;
  };
  const std::string type = "application/vnd.ktgate.lookup-response";
  for (const std::string& answer :
       {answer_with(type, ""), answer_with(type, std::string(3000, '\xff')),
        answer_with("text/html", "hello"),
        "HTTP/1.1 200 OK\r\nContent-Type: " + type + "\r\nContent-Length: 10000000000\r\n\r\n",
        std::string("HTTP/1.1 302 Found\r\n\r\n"),
        answer_with("application/vnd.ktgate.search-response", "x")}) {
    middle_.meddle([answer](const Exchange&) { return answer; });
    expect_rejected({"lookup", kAlice}, answer.substr(0, 80));
  }
  middle_.meddle([](const Exchange& exchange) {
    return exchange.answer.substr(0, exchange.answer.size() - 1);
  });
  const Outcome cut = kt({"lookup", kAlice, "--timeout", "2s"});
  EXPECT_TRUE(cut.code == 4 || cut.code == 6) << cut.err;
  EXPECT_EQ(cut.out, "");
}

TEST_F(Tampering, OldAnswersAreRefused) {
  ASSERT_EQ(kt({"lookup", kAlice, "--raw"}).out, "second");
  const std::string old = middle_.exchanges().back().answer;
  update("bob@example.com", "new");
  ASSERT_EQ(kt({"lookup", "bob@example.com", "--raw"}).out, "new");
  middle_.meddle([old](const Exchange&) { return old; });
  expect_rejected({"lookup", kAlice}, "an answer from before");
  // Somebody else's, as if it were alice's.
  middle_.meddle(nullptr);
  ASSERT_EQ(kt({"lookup", "bob@example.com", "--raw"}).out, "new");
  middle_.meddle([bobs = middle_.exchanges().back().answer](const Exchange&) { return bobs; });
  expect_rejected({"lookup", kAlice}, "another label's answer");
}

TEST_F(Tampering, AForkedLogIsRefused) {
  ASSERT_EQ(kt({"lookup", kAlice, "--raw"}).out, "second");
  // The log with its keys, twice.
  ASSERT_EQ(serving().stop().code, 0);
  std::filesystem::copy(path("log"), path("fork"), std::filesystem::copy_options::recursive);
  std::filesystem::copy(path("log.state"), path("fork.state"),
                        std::filesystem::copy_options::recursive);
  serve("log", middle_.url());
  middle_.ask(serving().url().port);
  update("bob@example.com", "what bob sees");
  ASSERT_EQ(kt({"lookup", "bob@example.com", "--raw"}).out, "what bob sees");
  ASSERT_EQ(serving().stop().code, 0);

  serve("fork", middle_.url());
  middle_.ask(serving().url().port);
  update("bob@example.com", "what others see");
  update(kAlice, "third", Version{1});
  update(kAlice, "fourth", Version{2});
  expect_rejected({"lookup", "bob@example.com"}, "a fork");
  expect_rejected({"lookup", kAlice, "--version", "0"}, "a fork");
  expect_rejected({"trust", "example.com"}, "a fork");
}

TEST_F(Tampering, ALogThatGoesBackIsRefused) {
  ASSERT_EQ(kt({"lookup", kAlice, "--raw"}).out, "second");
  ASSERT_EQ(serving().stop().code, 0);
  std::filesystem::copy(path("log"), path("old"), std::filesystem::copy_options::recursive);
  std::filesystem::copy(path("log.state"), path("old.state"),
                        std::filesystem::copy_options::recursive);
  serve("log", middle_.url());
  middle_.ask(serving().url().port);
  update("bob@example.com", "one");
  update("bob@example.com", "two", Version{0});
  ASSERT_EQ(kt({"lookup", "bob@example.com", "--raw"}).out, "two");
  ASSERT_EQ(serving().stop().code, 0);
  serve("old", middle_.url());
  middle_.ask(serving().url().port);
  expect_rejected({"lookup", kAlice}, "an old log");
}

}  // namespace
}  // namespace kt::client
