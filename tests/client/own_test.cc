// `kt own`, `kt publish`, `kt monitor` and `kt heads`, at a gateway of their own.
#include <set>
#include <thread>

#include "federation/routed_messages.h"
#include "keytrans/base64url.h"
#include "kt_program.h"

namespace kt::client {
namespace {

constexpr const char* kBob = "bob@example.com";

class Own : public KtProgram {
 protected:
  void SetUp() override {
    gateway::write_file(path("token"), std::string(gateway::kWriterToken) + "\n");
    gateway::write_file(path("wrong"), "another-token\n");
    for (const char* const name : {"token", "wrong"})
      std::filesystem::permissions(path(name), std::filesystem::perms::owner_read);
  }
  // A log of which entries become distinguished that are a second apart.
  void serve_quick_log() {
    create("log", {"--suite", "ed25519", "--reasonable-monitoring-window", "1s"});
    serve("log", middle_.url());
    middle_.ask(serving().url().port);
    trust(middle_.url());
  }
  void serve_log() {
    create("log");
    serve("log", middle_.url());
    middle_.ask(serving().url().port);
    trust(middle_.url());
  }
  Outcome publish(const std::string& identity, const std::string& value,
                  const std::string& token = "token", std::vector<std::string> more = {}) {
    gateway::write_file(path("value"), value);
    std::vector<std::string> arguments{"publish",     identity,       "--value",
                                       path("value"), "--token-file", path(token)};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return kt(std::move(arguments));
  }
  // The tasks of a kind that `kt monitor --all` did.
  static std::vector<Json> tasks(const Json& report, const std::string& kind) {
    std::vector<Json> found;
    for (const Json& task : report.at("tasks")) {
      if (task.at("task") == kind) found.push_back(task);
    }
    return found;
  }

  ManInTheMiddle middle_;
};

TEST_F(Own, PublishesVersionAfterVersion) {
  serve_log();
  const Outcome owned = kt({"own", "Bob@example.com", "--json"});
  ASSERT_EQ(owned.code, 0) << owned.err;
  expect_error(publish(kBob, "none"), 5, "kt own");
  ASSERT_EQ(kt({"own", kBob}).code, 0);
  for (int version = 0; version < 3; ++version) {
    const Outcome published = publish(kBob, "key " + std::to_string(version));
    EXPECT_EQ(published.code, 0) << published.err;
    EXPECT_NE(published.out.find("as version " + std::to_string(version) + "\n"), std::string::npos)
        << published.out;
  }
  EXPECT_EQ(kt({"lookup", kBob, "--raw"}).out, "key 2");
  const Json report = kt_json({"monitor", "--all"});
  EXPECT_EQ(tasks(report, "owner").size(), 2U);
  for (const Json& task : report.at("tasks")) EXPECT_TRUE(task.at("error").is_null()) << task;
  const Json heads = kt_json({"heads"});
  ASSERT_EQ(heads.size(), 1U);
  EXPECT_EQ(heads[0].at("domain"), "example.com");
  EXPECT_EQ(heads[0].at("owned"), 2);
  EXPECT_FALSE(heads[0].at("next").is_null());
}

TEST_F(Own, AsksTheShardThatHasTheLabel) {
  serve_log();
  create("other");
  publish_document("log", middle_.url(), "policy = \"sharded\"\nlogs = [\"main\", \"two\"]\n",
                   "[[log]]\ndirectory = \"other\"\nalias = \"two\"\nwriter = \"writer\"\n");
  ASSERT_EQ(kt({"trust", "example.com"}).code, 0);
  std::set<std::string> asked;
  // The LogIds are random: all labels are in one shard once in 2^11 runs.
  for (int i = 0; i < 12; ++i) {
    const std::string identity = "user" + std::to_string(i) + "@example.com";
    ASSERT_EQ(kt({"own", identity}).code, 0);
    ASSERT_EQ(publish(identity, "key of " + identity).code, 0);
    const Json found = kt_json({"lookup", identity});
    EXPECT_EQ(found.at("value"), to_base64url(to_bytes("key of " + identity)));
    asked.insert(found.at("log").at("alias").get<std::string>());
    if (asked.size() == 2) break;
  }
  EXPECT_EQ(asked, (std::set<std::string>{"main", "two"}));
  EXPECT_EQ(kt_json({"heads"}).size(), 2U);
}

TEST_F(Own, ManyProcessesAtOncePublishOneAfterTheOther) {
  serve_log();
  ASSERT_EQ(kt({"own", kBob}).code, 0);
  std::vector<std::thread> threads;
  std::vector<Outcome> outcomes(4);
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const std::string file = path("value" + std::to_string(i));
    gateway::write_file(file, "key " + std::to_string(i));
    threads.emplace_back([this, i, file, &outcomes] {
      outcomes[i] = kt({"publish", kBob, "--value", file, "--token-file", path("token"), "--json"});
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<int> versions;
  for (const Outcome& outcome : outcomes) {
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    versions.insert(Json::parse(outcome.out).at("version").get<int>());
  }
  EXPECT_EQ(versions, (std::set<int>{0, 1, 2, 3}));
  EXPECT_EQ(kt({"monitor", "--all"}).code, 0);
}

TEST_F(Own, WhatWasSentTwiceIsPublishedOnce) {
  serve_log();
  ASSERT_EQ(kt({"own", kBob}).code, 0);
  // The log takes the update, and the answer is lost.
  middle_.meddle([](const Exchange& exchange) {
    return exchange.head.find("/kt/v1/update") != std::string::npos ? std::string()
                                                                    : exchange.answer;
  });
  expect_error(publish(kBob, "key"), 4, "127.0.0.1");
  middle_.meddle(nullptr);
  const Json again = Json::parse(publish(kBob, "key", "token", {"--json"}).out);
  EXPECT_EQ(again.at("result"), "was-there");
  EXPECT_EQ(again.at("version"), 0);
  EXPECT_EQ(Json::parse(publish(kBob, "another", "token", {"--json"}).out).at("version"), 1);
}

TEST_F(Own, IsToldOfVersionsOfOthers) {
  serve_log();
  ASSERT_EQ(kt({"own", kBob}).code, 0);
  publish_elsewhere(kBob, "not bob's");
  publish_elsewhere(kBob, "nor this", Version{0});
  const Outcome overtaken = publish(kBob, "bob's", "token", {"--json"});
  EXPECT_EQ(overtaken.code, 5) << overtaken.err;
  const Json json = Json::parse(overtaken.out);
  EXPECT_EQ(json.at("result"), "overtaken");
  EXPECT_TRUE(json.at("version").is_null());
  ASSERT_EQ(json.at("unknown").size(), 2U);
  EXPECT_EQ(json.at("unknown")[1].at("value"),
            to_base64url(to_bytes(std::string_view("nor this"))));
  EXPECT_EQ(kt({"lookup", kBob, "--raw"}).out, "nor this");
  EXPECT_EQ(publish(kBob, "bob's").code, 0);
  EXPECT_EQ(kt_json({"lookup", kBob}).at("version"), 2);
}

TEST_F(Own, SaysWhenAnotherLogHasTheLabel) {
  serve_log();
  ASSERT_EQ(kt({"own", kBob}).code, 0);
  create("other");
  publish_document("log", middle_.url(), "policy = \"single\"\nlogs = [\"two\"]\n",
                   "[[log]]\ndirectory = \"other\"\nalias = \"two\"\nwriter = \"writer\"\n");
  const auto before = remembered();
  expect_error(publish(kBob, "key"), 4, "newer directory document");
  EXPECT_EQ(remembered(), before);
  ASSERT_EQ(kt({"trust", "example.com"}).code, 0);
  ASSERT_EQ(kt({"own", kBob}).code, 0);
  // The log took it, and said so to nobody.
  EXPECT_EQ(Json::parse(publish(kBob, "key", "token", {"--json"}).out).at("label"), kBob);
  EXPECT_EQ(kt({"lookup", kBob, "--raw"}).out, "key");
}

TEST_F(Own, SaysWhyNot) {
  serve_log();
  ASSERT_EQ(kt({"own", kBob}).code, 0);
  expect_error(kt({"own", kBob}), 5, "--again");
  EXPECT_EQ(kt({"own", kBob, "--again"}).code, 0);
  const auto before = remembered();
  expect_error(publish(kBob, "key", "wrong"), 5, "unauthenticated");
  expect_error(publish(kBob, "ktgate-tombstone and more"), 2, "gateways' own");
  expect_error(publish("carol@example.com", "key"), 5, "kt own");
  expect_error(publish(kBob, "key", "none"), 3, "--token-file");
  EXPECT_EQ(remembered(), before);
}

TEST_F(Own, NoChangedByteOfAnUpdateIsBelieved) {
  serve_log();
  ASSERT_EQ(kt({"own", kBob}).code, 0);
  ASSERT_EQ(publish(kBob, "first").code, 0);
  const auto before = remembered();
  // Each attempt makes no version but the first: the log says that it has it already.
  for (std::size_t at = 12; at < 400; at += 97) {
    middle_.meddle([at](const Exchange& exchange) {
      std::string answer = exchange.answer;
      if (exchange.head.find("/kt/v1/update") == std::string::npos) return answer;
      const std::size_t index = body_of(answer) + at;
      if (index < answer.size()) answer[index] = static_cast<char>(answer[index] ^ 1);
      return answer;
    });
    const Outcome outcome = publish(kBob, "second");
    EXPECT_EQ(outcome.code, 6) << at << ": " << outcome.err;
    EXPECT_EQ(remembered(), before) << at;
  }
  middle_.meddle(nullptr);
  EXPECT_EQ(publish(kBob, "second").code, 0);
}

TEST_F(Own, MonitoringFindsWhatOthersHavePublished) {
  serve_quick_log();
  ASSERT_EQ(kt({"own", kBob}).code, 0);
  ASSERT_EQ(publish(kBob, "bob's").code, 0);
  ASSERT_EQ(kt({"monitor", "--all"}).code, 0);
  publish_elsewhere(kBob, "not bob's", Version{0});
  // It shows once an entry is distinguished that has it.
  Outcome alarmed;
  gateway::wait_until(
      [&] {
        grow();
        alarmed = kt({"monitor", "--all"});
        return alarmed.code != 0;
      },
      "nobody notices");
  EXPECT_EQ(alarmed.code, 6) << alarmed.out << alarmed.err;
  EXPECT_NE(alarmed.out.find("ALARM: log main: there is a version that was not published"),
            std::string::npos)
      << alarmed.out;
  // Who says that it is right begins anew.
  ASSERT_EQ(kt({"own", kBob, "--again"}).code, 0);
  EXPECT_EQ(kt({"monitor", "--all"}).code, 0);
}

TEST_F(Own, MonitoringMeetsWhatALookupObligesTo) {
  serve_quick_log();
  publish_elsewhere(kBob, "one");
  publish_elsewhere(kBob, "two", Version{0});
  ASSERT_EQ(kt({"lookup", kBob, "--raw"}).out, "two");
  EXPECT_EQ(tasks(kt_json({"monitor"}), "directory").size(), 1U);
  // It is done when the log has made an entry that everybody sees.
  gateway::wait_until(
      [&] {
        grow();
        const Json report = kt_json({"monitor", "--all"});
        for (const Json& task : report.at("tasks"))
          if (!task.at("error").is_null()) throw std::runtime_error(task.dump());
        return kt_json({"heads"})[0].at("contacts") == 0;
      },
      "there is always something to monitor");
}

TEST_F(Own, MonitoringShowsChangesOfTheDirectory) {
  serve_log();
  ASSERT_EQ(kt({"monitor"}).code, 0);
  federation::Url url = middle_.url();
  url.path = "/new";
  const std::string policy = "policy = \"single\"\nlogs = [\"main\"]\n";
  publish_document("log", url, policy);
  publish_document("log", middle_.url(), policy);
  const Json report = kt_json({"monitor"});
  const auto directory = tasks(report, "directory");
  ASSERT_EQ(directory.size(), 1U);
  EXPECT_EQ(directory[0].at("change"), "followed");
  EXPECT_EQ(directory[0].at("epoch"), 3);
  ASSERT_EQ(directory[0].at("entries").size(), 2U);
  EXPECT_EQ(directory[0].at("entries")[0].at("epoch"), 3);
  EXPECT_EQ(directory[0].at("entries")[1].at("epoch"), 2);
  EXPECT_EQ(tasks(kt_json({"monitor"}), "directory")[0].at("change"), "same");
}

TEST_F(Own, MonitoringGoesOnWhenADomainCannotBeReached) {
  serve_log();
  ASSERT_EQ(kt({"own", kBob}).code, 0);
  ASSERT_EQ(serving().stop().code, 0);
  middle_.ask(0);
  middle_.meddle([](const Exchange&) { return std::string(); });
  const Json report = kt_json({"monitor", "--all"}, 4);
  for (const Json& task : report.at("tasks"))
    EXPECT_EQ(task.at("error").at("code"), "unavailable") << task;
  EXPECT_EQ(tasks(report, "owner").size(), 1U);
  EXPECT_EQ(kt_json({"heads"}).size(), 1U);
}

TEST_F(Own, WatchingGoesOnUntilASignalComes) {
  serve_quick_log();
  ASSERT_EQ(kt({"own", kBob}).code, 0);
  gateway::Running watching({"monitor", "--watch", "--interval", "1s", "--state", state()}, "",
                            KT_PROGRAM);
  const std::string round = "example.com: directory document";
  gateway::wait_until(
      [&] {
        const std::string out = watching.out();
        const std::size_t first = out.find(round);
        return first != std::string::npos && out.find(round, first + 1) != std::string::npos;
      },
      "it does not look again");
  watching.signal(SIGTERM);
  const Outcome ended = watching.wait();
  EXPECT_EQ(ended.code, 0) << ended.err;
}

// What was looked up and published before access was taken away is monitored as before.
TEST_F(Own, MonitorsWhatMayNotBeLookedUpAnyMore) {
  serve_log();
  ASSERT_EQ(kt({"own", kBob}).code, 0);
  ASSERT_EQ(publish(kBob, "bob's key").code, 0);
  grow();
  publish_elsewhere("carol@example.com", "carol's key");
  ASSERT_FALSE(kt_json({"lookup", "carol@example.com"}).at("monitor_by").is_null());
  gateway::write_file(path("log.toml"),
                      gateway::read_file(path("log.toml")) +
                          "[domain.access]\nsearch = \"nobody\"\nmonitor = \"nobody\"\n");
  ASSERT_NE(serving().reload().find("was reloaded"), std::string::npos);
  expect_error(kt({"lookup", "carol@example.com"}), 5, "unauthenticated");
  const Json report = kt_json({"monitor", "--all"});
  EXPECT_EQ(tasks(report, "owner").size(), 1U);
  EXPECT_EQ(tasks(report, "contact").size(), 1U);
  for (const Json& task : report.at("tasks")) EXPECT_TRUE(task.at("error").is_null()) << task;
}

}  // namespace
}  // namespace kt::client
