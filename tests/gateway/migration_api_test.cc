// Migrations as an operator orders them at the admin listener: what is done, what is refused, and
// that nothing has changed then.
#include <algorithm>
#include <chrono>

#include "federation/directory_document.h"
#include "federation/final_head.h"
#include "migrating_gateway.h"
#include "names.h"
#include "prometheus_samples.h"

namespace kt::gateway {
namespace {

using Json = nlohmann::json;

constexpr const char* kAlice = "alice@example.com";

class MigrationApi : public MigratingGateway {
 protected:
  void SetUp() override {
    create("old");
    create("new");
    import("old", line_of(kAlice, 0, "alice 0") + line_of("bob@example.com", 0, "bob 0"));
    serve(configuration("admin.socket", log("old") + log("new") + domain("example.com", "old")));
    wait_until([this] { return !document().is_null(); }, "there is no document");
  }
  static Json order(const std::string& mode = "immediate") {
    return {{"to", "new"}, {"mode", mode}};
  }
};

TEST_F(MigrationApi, ACompromisedLogIsLeftAtOnce) {
  Json gradual = order("gradual");
  gradual["compromised"] = true;
  expect_refused("start", gradual, "a gradual migration trusts the old log");
  expect_refused("plan", gradual, "a gradual migration trusts the old log");
  gradual["compromised"] = "yes";
  expect_refused("start", gradual, "compromised is neither true nor false", 400);

  Json immediate = order();
  immediate["compromised"] = true;
  EXPECT_EQ(done("start", immediate).at("is_compromised"), true);
  // It is a part of what was ordered.
  expect_refused("start", order(), "already, and otherwise");
  wait_until_done("advance");
  wait_for_phase("draining");
  wait_for_policy("single", "new");
  const auto logged = must(federation::FinalHead::decode(
      value_in("new", federation::final_head_label(log_configuration("old").id()))));
  EXPECT_TRUE(logged.is_compromised);
  const Json head = record().at("final_head");
  EXPECT_EQ(head.at("tree_size"), std::to_string(logged.tree_size.value()));
  EXPECT_EQ(head.at("root"), to_hex(logged.root));
}

// The log makes no entry that could be taken for one of its owner's, also after a restart.
TEST_F(MigrationApi, ACompromisedLogIsSealedAtItsFinalHead) {
  Json immediate = order();
  immediate["compromised"] = true;
  done("start", immediate);
  wait_until_done("advance");
  wait_for_phase("draining");
  const Json head = record().at("final_head");
  for (int i = 0; i < 2; ++i) {
    const std::string page = text_of(people().get("/").body);
    EXPECT_NE(page.find("<dt>size</dt>\n<dd>" + head.at("tree_size").get<std::string>() + "</dd>"),
              std::string::npos)
        << page;
    EXPECT_EQ(admin().get("/readyz").status, 200U);
    restart();
    wait_until([this] { return !document().is_null(); }, "there is no document");
  }
  EXPECT_EQ(record().at("final_head"), head);
}

// The document that was published last is kept, so nobody is told to come back.
TEST_F(MigrationApi, ADomainIsAnsweredAtOnceAfterAStart) {
  done("start", order("gradual"));
  wait_for_policy("gradual", "old");
  ASSERT_EQ(update(kAlice, "alice 1", "new"), 200U);
  for (int i = 0; i < 5; ++i) {
    restart();
    const auto found =
        people().post("/kt/v1/lookup", "lookup-request",
                      must(federation::encode(federation::LookupRequest{label_of(kAlice), {}})));
    ASSERT_EQ(found.status, 200U) << text_of(found.body);
    EXPECT_EQ(must(federation::decode<federation::RoutedResponse>(found.body)).answers.size(), 2U);
  }
}

TEST_F(MigrationApi, MovesNoMoreLabelsASecondThanAreAllowed) {
  for (int i = 0; i < 10; ++i)
    ASSERT_EQ(update("user" + std::to_string(i) + "@example.com", "value", "old"), 200U);
  done("start", order("gradual"));
  wait_for_policy("gradual", "old");
  EXPECT_EQ(done("resume", {{"rate", 8}}).at("rate"), 8);
  const auto begin = std::chrono::steady_clock::now();
  wait_until_done("advance");
  wait_for_phase("draining");
  // Eight of twelve at most are moved in the first second.
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1));
}

// --- Retiring the old log --------------------------------------------------------------------

TEST_F(MigrationApi, TheOldLogRetiresWhenNobodyMonitorsIt) {
  Json quiet = order("gradual");
  quiet["grace_ms"] = 0;
  quiet["quiet_ms"] = 3'600'000;
  done("start", quiet);
  wait_for_policy("gradual", "old");
  ASSERT_EQ(update(kAlice, "alice 1", "new"), 200U);
  EXPECT_EQ(record().at("tombstones_by_updates"), 1);
  const auto monitor = [this] {
    const federation::RoutedMonitorRequest request{
        label_of(kAlice), {{log_configuration("old").id().hash(), {}, {}, {}, {}}}};
    return people()
        .post("/kt/v1/monitor", "routed-monitor-request", must(federation::encode(request)))
        .status;
  };
  // Before labels have moved it is not counted.
  EXPECT_EQ(monitor(), 200U);
  wait_until_done("advance");
  wait_for_phase("draining");
  wait_for_policy("single", "new");
  EXPECT_EQ(record().at("monitorings"), 0);
  EXPECT_FALSE(record().contains("monitored"));
  EXPECT_NE(text_of(people().get("/").body).find("not since labels have moved"), std::string::npos);
  EXPECT_EQ(monitor(), 200U);
  EXPECT_EQ(record().at("monitorings"), 1);
  const std::string when = record().at("monitored");
  expect_refused("finish", Json::object(), "the old log was monitored");
  const auto metrics = PrometheusReader::read(text_of(admin().get("/metrics").body));
  EXPECT_EQ(metrics.at("ktgate_migration_old_log_monitorings_total{from=\"old\",to=\"new\"}"), 1);
  EXPECT_EQ(metrics.at("ktgate_migration_update_tombstones_total{from=\"old\",to=\"new\"}"), 1);
  EXPECT_EQ(metrics.at("ktgate_migration_labels{from=\"old\",to=\"new\"}"), 2);
  // It is known after a restart, too.
  EXPECT_EQ(gateway().stop().code, 0);
  restart();
  EXPECT_EQ(record().at("monitored"), when);
  EXPECT_EQ(record().at("tombstones_by_updates"), 1);
  expect_refused("finish", Json::object(), "the old log was monitored");
  expect_refused("finish", {{"despite_monitoring", 1}}, "neither true nor false", 400);
  EXPECT_EQ(done("finish", {{"despite_monitoring", true}}).at("phase"), "finished");
  wait_until([&] { return people().get("/kt/v1/logs/old/configuration").status == 410; },
             "the old log does not retire");
  // Users had a document that says so before.
  const auto document = must(federation::DirectoryDocument::parse(
      text_of(people().get("/.well-known/key-transparency").body), domain_of("example.com")));
  const auto& logs = document.directory().logs;
  EXPECT_TRUE(std::any_of(logs.begin(), logs.end(), [](const federation::DirectoryLog& log) {
    return log.state == federation::LogState::retired;
  }));
}

TEST_F(MigrationApi, TheGracePeriodIsKeptWhateverIsSaid) {
  Json grace = order();
  grace["grace_ms"] = 3'600'000;
  done("start", grace);
  expect_refused("finish", Json::object(), "labels are moving still: the phase is prepared");
  wait_until_done("advance");
  wait_for_phase("draining");
  expect_refused("finish", {{"despite_monitoring", true}}, "the grace period ends in");
  EXPECT_EQ(record().at("quiet_ms"), 3'600'000);
}

// --- What makes no sense ---------------------------------------------------------------------

TEST_F(MigrationApi, WhatMakesNoSenseIsRefusedWithTheReason) {
  for (const char* const name : {"full", "third", "waiting", "a", "b", "elsewhere"}) {
    std::vector<std::string> options{"--suite", "ed25519"};
    if (name == std::string("waiting")) {
      const Outcome key = run({"auditor", "create", path("auditor"), "--suite", "ed25519"});
      options.insert(options.end(), {"--mode", "third-party-auditing", "--auditor-key",
                                     key.out.substr(0, key.out.size() - 1)});
    }
    create(name, options);
  }
  const Outcome leaf = run({"log", "leaf-key", path("leaf.pem"), "--suite", "ed25519"});
  create("managed", {"--suite", "ed25519", "--mode", "third-party-management", "--leaf-key",
                     leaf.out.substr(0, leaf.out.size() - 1)});
  import("full", line_of(kAlice, 0, "somebody"));
  write_file(path("token"), "some-token\n");
  std::filesystem::permissions(path("token"), std::filesystem::perms::owner_read);
  // This gateway does not have the log of that configuration.
  const std::string elsewhere =
      "[[remote_log]]\nalias = \"wrong\"\nconfiguration = \"elsewhere/configuration\"\n"
      "token_file = \"token\"\nwriter = \"writer\"\nurl = \"" +
      gateway().url().text() + "\"\n";
  create("unwritten");
  const std::string unwritten =
      "[[remote_log]]\nalias = \"unwritten\"\nconfiguration = \"unwritten/configuration\"\n"
      "url = \"http://127.0.0.1:1\"\n";
  const std::string sharded =
      "[[domain]]\nname = \"sharded.example\"\nlabel_rule = \"bytes\"\npolicy = \"sharded\"\n"
      "logs = [\"a\", \"b\"]\nurl = \"http://127.0.0.1:8443\"\n";
  const std::string silent =
      "[[domain]]\nname = \"silent.example\"\nlabel_rule = \"bytes\"\npolicy = \"single\"\n"
      "logs = [\"old\"]\n";
  std::string logs;
  for (const char* const name : {"old", "new", "full", "third", "waiting", "managed", "a", "b"})
    logs += log(name);
  write_file(
      path("gateway.toml"),
      configuration("admin.socket", logs + elsewhere + unwritten + domain("example.com", "old") +
                                        domain("example.net", "third") + sharded + silent));
  const std::string said = gateway().reload();
  ASSERT_NE(said.find("the configuration was reloaded"), std::string::npos) << said;
  const auto to = [](const char* name) { return Json{{"to", name}, {"mode", "gradual"}}; };
  for (const char* const each : {"plan", "start"}) {
    expect_refused(each, to("nothing"), "there is no log of that name here");
    expect_refused(each, to("old"), "the domain's labels are in that log");
    expect_refused(each, to("full"), "the new log has labels already");
    expect_refused(each, to("third"), "the new log is one of example.net already");
    expect_refused(each, to("managed"), "is managed for somebody else");
    expect_refused(each, to("waiting"), "its auditor has not signed anything yet");
    expect_refused(each, to("wrong"), "the new log does not answer");
    expect_refused(each, to("unwritten"), "this one cannot write to it");
    expect_refused(each, to("new"), "there is no such domain here", 404, "example.org");
    expect_refused(each, to("new"), "has no url", 422, "silent.example");
    expect_refused(each, to("new"), "in several logs", 422, "sharded.example");
    expect_refused(each, {{"to", "new"}}, "mode is missing", 400);
    expect_refused(each, {{"to", "new"}, {"mode", "slow"}}, "neither gradual nor immediate", 400);
    expect_refused(each, {{"to", "new"}, {"mode", "gradual"}, {"rate", -1}}, "rate", 400);
  }
  for (const char* const each : {"advance", "pause", "resume", "finish"})
    expect_refused(each, Json::object(), "no labels of that domain are moving", 404);
  expect_refused("resume", {{"rate", -1}}, "rate", 400);
  expect_refused("resume", Json::array(), "not an object", 400);
  // One at a time.
  done("start", to("new"));
  expect_refused("start", to("a"), "labels of the domain are moving already, and otherwise");
  expect_refused("plan", to("a"), "labels of the domain are moving already");
}

TEST_F(MigrationApi, ACommandTwiceIsTheSameAsOnce) {
  const auto twice = [this](const std::string& name, const Json& body = Json::object()) {
    const Json once = done(name, body);
    const Json again = done(name, body);
    for (const char* const member : {"phase", "is_paused", "phase_since"})
      EXPECT_EQ(once.value(member, Json()), again.value(member, Json())) << name << " " << member;
  };
  const auto abort_twice = [this] {
    done("abort");
    EXPECT_EQ(done("abort").at("phase"), "none");
    EXPECT_TRUE(records().empty());
  };
  abort_twice();
  twice("plan", order());
  twice("start", order());
  twice("pause");
  twice("resume");
  twice("resume", {{"rate", 7}});
  EXPECT_EQ(record().at("rate"), 7);
  // It goes on as it was ordered last.
  twice("pause");
  twice("resume");
  EXPECT_EQ(record().at("rate"), 7);
  abort_twice();
  Json immediate = order();
  immediate["rate"] = 1;
  done("start", immediate);
  wait_until_done("advance");
  EXPECT_EQ(command("advance").first, 200U);
  twice("pause");
  // Nothing has moved that anybody has seen.
  abort_twice();
  // The document has never said anything else, and until the gateway hosts the domain as it was,
  // updates are to be asked for again.
  wait_until([this] { return update(kAlice, "alice 1", "old", Version{0}) == 200; },
             "the domain takes no updates again");
}

}  // namespace
}  // namespace kt::gateway
