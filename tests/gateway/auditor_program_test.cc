#include <atomic>
#include <thread>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "auditor_messages.h"
#include "keytrans/auditor.h"
#include "keytrans/prover.h"
#include "loopback.h"
#include "serve_program.h"

namespace kt::gateway {
namespace {

using keytrans::LogConfiguration;

std::string one_line(const Outcome& outcome) {
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(outcome.out.ends_with('\n'));
  return outcome.out.substr(0, outcome.out.size() - 1);
}

class AuditorProgram : public LogProgram {
 protected:
  // An auditor, and a log whose auditor it is from `start` on.
  void set_up(const std::string& suite, std::uint64_t start = 0, std::uint64_t padding = 0) {
    const std::string key = one_line(run({"auditor", "create", path("auditor"), "--suite", suite}));
    create("log", {"--suite", suite, "--mode", "third-party-auditing", "--auditor-key", key,
                   "--max-auditor-lag", "1h", "--auditor-start-pos", std::to_string(start),
                   "--initial-padding", std::to_string(padding), "--configuration",
                   path("log.configuration")});
    const std::string id =
        one_line(run({"auditor", "bind", path("auditor"), path("log.configuration")}));
    EXPECT_EQ(id, configuration().id().hex());
    write_token(kAuditorToken);
    write_file(path("ktgate.toml"),
               "[listen]\naddress = \"127.0.0.1:0\"\n\n" + principal("writer", kWriterToken) +
                   principal("auditor", kAuditorToken) +
                   "\n[[log]]\ndirectory = \"log\"\nalias = \"main\"\nwriter = \"writer\"\n"
                   "auditor = \"auditor\"\n");
  }
  void write_token(std::string_view token) const {
    std::filesystem::remove(path("token"));
    write_file(path("token"), std::string(token) + "\n");
    std::filesystem::permissions(path("token"), std::filesystem::perms::owner_read);
  }
  void serve() {
    serving_.emplace(path("ktgate.toml"));
    writer_.emplace(serving_->url(), kWriterToken);
  }

  [[nodiscard]] LogConfiguration configuration() const {
    const std::string bytes = read_file(path("log.configuration"));
    return must(
        LogConfiguration::create(must(keytrans::decode<keytrans::Configuration>(to_bytes(bytes)))));
  }
  [[nodiscard]] std::string url() const {
    return "http://127.0.0.1:" + std::to_string(serving_->url().port);
  }
  [[nodiscard]] std::vector<std::string> audit_command(const std::string& at) const {
    return {"auditor", "run", path("auditor"), at, "--token-file", path("token")};
  }
  [[nodiscard]] Outcome audit_once(const std::string& at) const {
    auto arguments = audit_command(at);
    arguments.emplace_back("--once");
    return run(arguments);
  }
  [[nodiscard]] nlohmann::json stat() const {
    const Outcome outcome = run({"auditor", "stat", path("auditor"), "--json"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return nlohmann::json::parse(outcome.out);
  }
  federation::HttpResponse update(std::string_view label, std::string_view value) {
    const keytrans::UpdateRequest request{{}, must(Label::create(label)), {}, {{to_bytes(value)}}};
    return writer_->post("/kt/v1/logs/main/update", "update-request",
                         must(keytrans::encode(request)));
  }

  std::optional<Serving> serving_;
  std::optional<Asker> writer_;
};

// A log, its auditor and its user, who are three processes.
TEST_F(AuditorProgram, WhatItSignsIsWhatUsersVerify) {
  for (const char* const suite : {"ed25519", "p256"}) {
    set_up(suite);
    serve();
    EXPECT_EQ(update("alice@example.com", "key").status, 503U) << "not audited yet";
    const Outcome first = audit_once(url());
    EXPECT_EQ(first.code, 0) << first.err;
    EXPECT_EQ(update("alice@example.com", "key").status, 200U);
    const Outcome second = audit_once(url());
    EXPECT_EQ(second.code, 0) << second.err;
    EXPECT_EQ(stat().at("verified"), 2);
    EXPECT_EQ(stat().at("pushed"), 2);
    Asker asker(serving_->url());
    RemoteUser user(asker, "main", configuration());
    const auto found = user.search(must(Label::create(std::string_view("alice@example.com"))));
    EXPECT_EQ(text_of(found.value), "key");
    EXPECT_EQ(user.state().auditor_tree_head()->tree_size, TreeSize{2});
    EXPECT_EQ(serving_->stop().code, 0);
    for (const char* const name : {"auditor", "log", "log.configuration"})
      std::filesystem::remove_all(path(name));
  }
}

TEST_F(AuditorProgram, FollowsALogUntilItIsToldToEnd) {
  set_up("ed25519");
  auto arguments = audit_command("http://127.0.0.1:1");
  {
    // It waits for a log that is not there yet.
    Running early(arguments);
    wait_until([&] { return early.err().find("trying again") != std::string::npos; },
               "the auditor does not say that the log is not there");
    early.signal(SIGTERM);
    EXPECT_EQ(early.wait().code, 0);
  }
  serve();
  arguments = audit_command(url());
  arguments.insert(arguments.end(), {"--interval", "10ms"});
  Running auditor(arguments);
  for (int i = 0; i < 5; ++i) {
    const std::string label = "user" + std::to_string(i) + "@example.com";
    wait_until([&] { return update(label, "key").status == 200U; },
               "the log takes no update although it has an auditor");
  }
  Asker asker(serving_->url());
  wait_until(
      [&] {
        RemoteUser user(asker, "main", configuration());
        user.search(must(Label::create(std::string_view("user4@example.com"))));
        return user.state().auditor_tree_head()->tree_size == user.state().last();
      },
      "the auditor does not come after the log");
  auditor.signal(SIGTERM);
  const Outcome ended = auditor.wait();
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_EQ(ended.err, "");
}

TEST_F(AuditorProgram, ResumesWhereItWasKilled) {
  set_up("ed25519");
  serve();
  auto arguments = audit_command(url());
  arguments.insert(arguments.end(), {"--interval", "1ms"});
  for (int i = 0; i < 5; ++i) {
    Running auditor(arguments);
    const std::string label = "user" + std::to_string(i) + "@example.com";
    wait_until([&] { return update(label, "key").status == 200U; }, "no update is taken");
    auditor.signal(SIGKILL);
    EXPECT_EQ(auditor.wait().code, -SIGKILL);
  }
  EXPECT_EQ(audit_once(url()).code, 0);
  EXPECT_EQ(stat().at("verified"), stat().at("pushed"));
  EXPECT_GE(stat().at("verified"), 6);
}

TEST_F(AuditorProgram, StartsWhereTheConfigurationSays) {
  // The padding is four entries, of which nobody audits three.
  set_up("ed25519", 3, 1000);
  serve();
  const Outcome audited = audit_once(url());
  EXPECT_EQ(audited.code, 0) << audited.err;
  EXPECT_EQ(stat().at("pushed"), 4);
  EXPECT_EQ(update("late@example.com", "key").status, 200U);
}

TEST_F(AuditorProgram, WaitsForTheLogToComeToItsStart) {
  set_up("ed25519", 100);
  serve();
  expect_failure(audit_once(url()), 1, "auditor run", "404");
  EXPECT_EQ(stat().at("needs_start"), true);
}

TEST_F(AuditorProgram, TheLogKnowsItsAuditor) {
  set_up("ed25519");
  serve();
  write_token("another-token");
  expect_failure(audit_once(url()), 1, "auditor run", "401");
  write_token(kWriterToken);
  expect_failure(audit_once(url()), 1, "auditor run", "token");
  Asker writer(serving_->url(), kWriterToken);
  for (const char* const operation : {"auditor-updates?start=0&limit=1", "auditor-start"})
    EXPECT_EQ(writer.get("/kt/v1/logs/main/" + std::string(operation)).status, 403U);
  EXPECT_EQ(Asker(serving_->url()).get("/kt/v1/logs/main/auditor-updates").status, 401U);
  Asker auditor(serving_->url(), kAuditorToken);
  for (const char* const query :
       {"", "?start=0", "?limit=1", "?start=0&limit=0", "?start=&limit=1", "?start=-1&limit=1",
        "?start=0&start=1&limit=1", "?start=0x1&limit=1", "?start=99999999999999999999&limit=1"})
    EXPECT_EQ(auditor.get("/kt/v1/logs/main/auditor-updates" + std::string(query)).status, 400U)
        << query;
  EXPECT_EQ(auditor.get("/kt/v1/logs/main/auditor-updates?start=1000&limit=1").body, Bytes{});
  EXPECT_EQ(auditor.get("/kt/v1/logs/main/auditor-start").status, 422U) << "it starts at 0";
  EXPECT_EQ(auditor.post("/kt/v1/logs/main/auditor-head", "auditor-tree-head", Bytes(3)).status,
            400U);
  const Bytes forged =
      must(keytrans::encode(keytrans::AuditorTreeHead{Timestamp{1}, TreeSize{1}, Bytes(64)}));
  EXPECT_EQ(auditor.post("/kt/v1/logs/main/auditor-head", "auditor-tree-head", forged).status,
            422U);
}

// A log that answers every request with the same.
class LyingLog {
 public:
  explicit LyingLog(const Bytes& body)
      : thread_(
            [this, answer = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) +
                            "\r\nConnection: close\r\n\r\n" + text_of(body)] {
              const LoopbackConnection connection = listener_.accept();
              static_cast<void>(connection.read_until("\r\n\r\n"));
              connection.write(answer);
            }) {}
  LyingLog(const LyingLog&) = delete;
  LyingLog& operator=(const LyingLog&) = delete;
  ~LyingLog() { thread_.join(); }

  [[nodiscard]] std::string url() const {
    return "http://127.0.0.1:" + std::to_string(listener_.port());
  }

 private:
  LoopbackListener listener_;
  std::thread thread_;
};

TEST_F(AuditorProgram, WhatIsNoAnswerChangesNothing) {
  set_up("ed25519");
  for (const Bytes& body : {Bytes{1}, Bytes{0, 0, 0, 9, 1}, Bytes{0, 0, 0, 1, 7}}) {
    const LyingLog log(body);
    expect_failure(audit_once(log.url()), 1, "auditor run", "");
  }
  EXPECT_EQ(stat().at("verified"), 0);
  EXPECT_EQ(stat().at("refused"), nullptr);
}

TEST_F(AuditorProgram, ALieIsKeptAndEndsTheAudit) {
  set_up("ed25519");
  // It removes what was never there.
  const keytrans::PrefixLeaf leaf{};
  const keytrans::AuditorUpdate lie{Timestamp{1}, {}, {leaf}, {}};
  {
    const LyingLog log(must(encode_updates(std::vector<Bytes>{must(keytrans::encode(lie))})));
    expect_failure(audit_once(log.url()), 1, "auditor run", "");
  }
  EXPECT_NE(stat().at("refused"), nullptr);
  EXPECT_TRUE(std::filesystem::exists(path("auditor") + "/rejected-0.bin"));
  // The truth comes too late.
  serve();
  expect_failure(audit_once(url()), 1, "auditor run", "");
  EXPECT_EQ(stat().at("signed"), 0);
}

TEST_F(AuditorProgram, BadInputIsRefusedAndChangesNothing) {
  set_up("ed25519");
  const auto before = read_tree(path("auditor"));
  expect_failure(run({"auditor", "create", path("auditor")}), 1, "auditor create", "");
  expect_failure(run({"auditor", "create", path("new"), "--suite", "rsa"}), 2, "auditor create",
                 "--suite");
  expect_failure(run({"auditor", "bind", path("auditor"), path("none")}), 1, "auditor bind",
                 "FILE");
  expect_failure(run({"auditor", "bind", path("auditor"), path("token")}), 1, "auditor bind",
                 "FILE");
  create("contact", {"--suite", "ed25519", "--configuration", path("contact.configuration")});
  expect_failure(run({"auditor", "bind", path("auditor"), path("contact.configuration")}), 1,
                 "auditor bind", "");
  expect_failure(run({"auditor", "bind", path("none"), path("log.configuration")}), 1,
                 "auditor bind", "");
  expect_failure(run({"auditor", "stat", path("none")}), 1, "auditor stat", "");
  const std::string good = "http://127.0.0.1:1";
  expect_failure(run({"auditor", "run", path("auditor"), "ftp://a", "--token-file", path("token")}),
                 1, "auditor run", "URL");
  expect_failure(run({"auditor", "run", path("auditor"), good}), 2, "auditor run", "--token-file");
  expect_failure(run({"auditor", "run", path("auditor"), good, "--token-file", path("none")}), 1,
                 "auditor run", "--token-file");
  expect_failure(run({"auditor", "run", path("auditor"), good, "--token-file", path("token"),
                      "--interval", "2h"}),
                 2, "auditor run", "--interval");
  expect_failure(run({"auditor", "run", path("none"), good, "--token-file", path("token")}), 1,
                 "auditor run", "");
  write_token("two words");
  expect_failure(audit_once(good), 1, "auditor run", "token");
  write_token("token");
  std::filesystem::permissions(path("token"), std::filesystem::perms::group_read,
                               std::filesystem::perm_options::add);
  expect_failure(audit_once(good), 1, "auditor run", "--token-file");
  EXPECT_EQ(read_tree(path("auditor")), before);
}

}  // namespace
}  // namespace kt::gateway
