// A domain that moves from one log to another, at a real gateway, with its users.
#include <algorithm>

#include "client/trust.h"
#include "federation/routed_messages.h"
#include "moving_domain.h"
#include "published_here.h"

namespace kt::client {
namespace {

constexpr const char* kBob = "bob@example.com";
constexpr const char* kCarol = "carol@example.com";
constexpr const char* kDave = "dave@example.com";

class Migration : public MovingDomain {
 protected:
  void SetUp() override {
    begin(gateway::line_of(kAlice, 0, "alice 0") + gateway::line_of(kAlice, 1, "alice 1") +
          gateway::line_of(kBob, 0, "bob 0") + gateway::line_of(kCarol, 0, "carol 0"));
  }
};

TEST_F(Migration, GradualFromBeginToEnd) {
  // Carol has published from here before, and goes on to.
  ASSERT_EQ(kt({"own", kCarol}).code, 0);
  ASSERT_EQ(publish(kCarol, "carol 1").code, 0);
  const Json plan = Json::parse(migrate("plan", {"--to", "new", "--json"}).out);
  EXPECT_EQ(plan.at("labels"), 3);
  expect_found(kAlice, "alice 1", "main");

  start_gradual();
  gateway::Asker people(serving().url());
  EXPECT_NE(gateway::text_of(people.get("/", "text/html").body).find("moving from main to new"),
            std::string::npos);
  // Nothing has moved; where to look is known.
  expect_found(kAlice, "alice 1", "main");
  expect_found(kBob, "bob 0", "main");
  EXPECT_EQ(kt_json({"trust"})[0].at("logs").size(), 2U);

  EXPECT_EQ(report(), (Json{{"moved", 0}, {"updated", 0}, {"waiting", 3}, {"faults", 0}}));

  // A label moves when it is updated, also one that the old log never had.
  for (const char* const name : {kCarol, kDave}) {
    ASSERT_EQ(kt({"own", name}).code, 0);
    const Outcome published = publish(name, std::string(name) + " in new");
    ASSERT_EQ(published.code, 0) << published.err;
    expect_found(name, std::string(name) + " in new", "new");
  }
  ASSERT_EQ(publish(kCarol, "carol again").code, 0);
  expect_found(kCarol, "carol again", "new");
  expect_found(kAlice, "alice 1", "main");
  // Her monitoring of the old log knows of the tombstone.
  const Json monitored = kt_json({"monitor", "--all"});
  for (const Json& task : monitored.at("tasks")) EXPECT_TRUE(task.at("error").is_null()) << task;

  // The others are swept.
  ASSERT_EQ(migrate("advance").code, 0);
  wait_for_phase("draining");
  wait_for_document("single");
  const Json swept = status();
  EXPECT_EQ(swept.at("moved"), 2) << swept;    // alice, bob
  EXPECT_EQ(swept.at("updated"), 2) << swept;  // carol, dave
  EXPECT_EQ(swept.at("fault"), "");
  EXPECT_TRUE(swept.contains("final_head"));
  expect_found(kAlice, "alice 1", "new");
  expect_found(kBob, "bob 0", "new");
  expect_found(kCarol, "carol again", "new");
  const Outcome tombstone = kt({"lookup", kAlice, "--log", "main"});
  expect_refused(tombstone, "has moved to another log");

  EXPECT_EQ(report(), (Json{{"moved", 2}, {"updated", 2}, {"waiting", 0}, {"faults", 0}}));

  // It is the gateway's to retire it, when its time has come.
  gateway::wait_until([this] { return migrate("finish").code == 0; }, "it cannot be finished");
  EXPECT_EQ(migrate("finish").code, 0);
  wait_for_phase("finished");
  gateway::Asker asker(serving().url());
  gateway::wait_until([&] { return asker.get("/kt/v1/logs/main/configuration").status == 410; },
                      "the old log does not retire");
  EXPECT_EQ(asker.get("/kt/v1/logs/new/configuration").status, 200U);
  expect_found(kAlice, "alice 1", "new");
}

// Who monitors has nothing else to do: what they own in the old log they own in the new one then,
// and the old log is monitored until it retires and not longer.
TEST_F(Migration, OwnersFollowTheirLabelsGradually) {
  for (const char* const name : {kBob, kCarol}) {
    ASSERT_EQ(kt({"own", name}).code, 0);
    ASSERT_EQ(publish(name, std::string(name) + " 1").code, 0);
  }
  start_gradual();
  expect_found(kAlice, "alice 1", "main");
  EXPECT_TRUE(monitored("moved").empty());
  EXPECT_TRUE(monitored("final-head").empty());
  // The new log is asked for by the first update.
  const Outcome published = publish(kCarol, "carol in new");
  ASSERT_EQ(published.code, 0) << published.err << published.out;
  expect_found(kCarol, "carol in new", "new");
  EXPECT_TRUE(monitored("moved").empty());

  ASSERT_EQ(migrate("advance").code, 0);
  wait_for_phase("draining");
  wait_for_document("single");
  const auto moved = monitored("moved");
  ASSERT_EQ(moved.size(), 1U);
  EXPECT_EQ(moved[0].at("label"), kBob);
  EXPECT_EQ(monitored("final-head").size(), 1U);
  EXPECT_EQ(monitored("owner").size(), 4U) << "both of them in both logs";
  const Outcome next = publish(kBob, "bob in new");
  ASSERT_EQ(next.code, 0) << next.err << next.out;
  expect_found(kBob, "bob in new", "new");

  finish();
  EXPECT_EQ(monitored("owner").size(), 2U) << "in the new log alone";
  EXPECT_EQ(monitored("final-head").size(), 1U);
  for (const Json& log : kt_json({"heads"})) {
    const bool is_old = log.at("log").at("alias") == "main";
    EXPECT_EQ(log.at("next").is_null(), is_old) << log;
  }
}

// What the gateway has copied is no version of somebody else, for whoever owned it where it was.
TEST_F(Migration, TheOwnerKnowsTheCopy) {
  ASSERT_EQ(kt({"own", kBob}).code, 0);
  ASSERT_EQ(publish(kBob, "bob 1").code, 0);
  start_gradual();
  ASSERT_EQ(kt({"lookup", kBob}).code, 0);
  // Before the copy is made.
  ASSERT_EQ(kt({"own", kBob}).code, 0);
  ASSERT_EQ(migrate("advance").code, 0);
  wait_for_phase("draining");
  wait_for_document("single");
  EXPECT_EQ(monitored("owner").size(), 2U);
  const Outcome published = publish(kBob, "bob 2");
  ASSERT_EQ(published.code, 0) << published.err << published.out;
  EXPECT_NE(published.out.find("as version 1\n"), std::string::npos) << published.out;
  expect_found(kBob, "bob 2", "new");
}

TEST_F(Migration, OwnersFollowTheirLabelsAtOnce) {
  ASSERT_EQ(kt({"own", kBob}).code, 0);
  ASSERT_EQ(publish(kBob, "bob 1").code, 0);
  ASSERT_EQ(
      migrate("start", {"--to", "new", "--mode", "immediate", "--grace", "1s", "--compromised"})
          .code,
      0);
  gateway::wait_until([this] { return migrate("advance").code == 0; }, "it cannot be frozen");
  wait_for_phase("draining");
  gateway::wait_until(
      [this] {
        return kt_json({"lookup", kAlice}).at("log").at("alias") == "new";
      },
      "labels are not in the new log");
  const auto moved = monitored("moved");
  ASSERT_EQ(moved.size(), 1U);
  EXPECT_EQ(moved[0].at("label"), kBob);
  EXPECT_EQ(monitored("final-head").size(), 1U);
  EXPECT_EQ(monitored("owner").size(), 1U) << "in the new log alone";
  expect_refused(kt({"lookup", kBob, "--log", "main"}), "others may have its keys");
  ASSERT_EQ(publish(kBob, "bob 2").code, 0);
  expect_found(kBob, "bob 2", "new");
  finish();
  EXPECT_EQ(monitored("owner").size(), 1U);
}

// A log whose labels are an hour apart before they are distinguished: who takes over a label that
// was copied a moment ago begins before that copy, and comes to see it when the old log is gone.
class SlowSuccessor : public MovingDomain {
 protected:
  static constexpr int kLabels = 5;
  [[nodiscard]] static std::string name_of(int i) {
    return "user" + std::to_string(i) + "@example.com";
  }
  void SetUp() override {
    new_window_ = "1h";
    std::string lines;
    for (int i = 0; i < kLabels; ++i)
      lines += gateway::line_of(name_of(i), 0, "value " + std::to_string(i));
    begin(lines);
  }
  // By the state of who has published nothing from here.
  bool is_known_copy(const std::string& name, const std::string& value) {
    const Session session{must(StateDirectory::open(state())), nullptr};
    const federation::Domain domain = domain_of("example.com");
    for (const KnownDomain& known : must(trusted_domains(session))) {
      for (const federation::DirectoryLog& log : known.current().logs) {
        if (log.alias == "new")
          return must(is_published_here(session, domain, label_of(name), log.id(), Version{0},
                                        to_bytes(value)));
      }
    }
    return false;
  }
};

TEST_F(SlowSuccessor, ACopyIsKnownWhenTheOldLogHasRetired) {
  for (int i = 0; i < kLabels; ++i) ASSERT_EQ(kt({"own", name_of(i)}).code, 0);
  // By two batches a second apart: the tombstones of the first are before a distinguished entry, so
  // that they are known.
  ASSERT_EQ(migrate("start", {"--to", "new", "--grace", "1s", "--rate", "3"}).code, 0);
  wait_for_document("gradual");
  ASSERT_EQ(migrate("advance").code, 0);
  wait_for_phase("draining");
  wait_for_document("single");
  EXPECT_EQ(monitored("moved").size(), std::size_t{kLabels});
  // What was compared is noted, whether or not this run comes to need it below.
  for (int i = 0; i < kLabels; ++i) {
    EXPECT_TRUE(is_known_copy(name_of(i), "value " + std::to_string(i))) << i;
    EXPECT_FALSE(is_known_copy(name_of(i), "another value")) << i;
  }
  finish();
  // Until what was copied last is before a distinguished entry.
  ASSERT_EQ(kt({"own", kDave}).code, 0);
  for (int i = 0; i < 8; ++i) ASSERT_EQ(publish(kDave, "dave " + std::to_string(i)).code, 0);
  EXPECT_EQ(monitored("owner").size(), std::size_t{kLabels + 1}) << "in the new log alone";
  for (int i = 0; i < kLabels; ++i) {
    const Outcome published = publish(name_of(i), "next");
    ASSERT_EQ(published.code, 0) << published.err;
    EXPECT_NE(published.out.find("as version 1\n"), std::string::npos) << published.out;
  }
}

// Somebody who holds the document of the time before, and asks a log that has retired since.
class Retiring : public MovingDomain {
 protected:
  void SetUp() override {
    begin(gateway::line_of(kAlice, 0, "alice 0") + gateway::line_of(kBob, 0, "bob 0"), &middle_);
  }
  // With somebody who owns that label, and follows the document.
  void drain(const std::string& owned) {
    ASSERT_EQ(kt({"own", owned}).code, 0);
    if (owned == kAlice) {
      ASSERT_EQ(publish(kAlice, "alice 1").code, 0);
    }
    start_gradual();
    ASSERT_EQ(migrate("advance").code, 0);
    wait_for_phase("draining");
    wait_for_document("single");
    expect_found(kBob, "bob 0", "new");
  }
  // The old log has retired by the time at which a user has the next document.
  void retire_behind_a_document() {
    middle_.meddle([this](const Exchange& exchange) {
      const bool is_document = exchange.head.find("/.well-known/") != std::string::npos;
      if (is_document && !std::exchange(has_retired_, true)) finish();
      return exchange.answer;
    });
  }
  // How often the old log has said that it has retired.
  [[nodiscard]] std::size_t refusals() const {
    const auto exchanges = middle_.exchanges();
    return static_cast<std::size_t>(
        std::count_if(exchanges.begin(), exchanges.end(), [](const Exchange& exchange) {
          return exchange.answer.find("retired-log") != std::string::npos;
        }));
  }

  // How often the document was fetched after a question to the old log, from an exchange on.
  [[nodiscard]] std::size_t documents_after_refusal(std::size_t begin) const {
    std::size_t count = 0;
    bool was_refused = false;
    auto exchanges = middle_.exchanges();
    exchanges.erase(exchanges.begin(), exchanges.begin() + static_cast<std::ptrdiff_t>(begin));
    for (const Exchange& exchange : exchanges) {
      const bool is_document = exchange.head.find("/.well-known/") != std::string::npos;
      if (is_document && was_refused) ++count;
      if (is_document) was_refused = false;
      if (exchange.head.find("/logs/main/") != std::string::npos) was_refused = true;
    }
    return count;
  }

  ManInTheMiddle middle_;

 private:
  bool has_retired_ = false;
};

TEST_F(Retiring, IsNoFaultToWhoMonitors) {
  drain(kAlice);
  EXPECT_EQ(monitored("final-head").size(), 1U);
  EXPECT_EQ(refusals(), 0U);
  retire_behind_a_document();
  EXPECT_EQ(monitored("owner").size(), 1U) << "in the new log alone";
  EXPECT_GT(refusals(), 0U);
  const std::size_t before = refusals();
  EXPECT_EQ(monitored("final-head").size(), 1U);
  EXPECT_EQ(refusals(), before) << "it is known now";
}

// What there is to ask the old log for: what it has of a label that moves to its owner's new log.
TEST_F(Retiring, IsNoFaultToWhoOwns) {
  drain(kBob);
  finish();
  const Outcome owned = kt({"own", kBob});
  EXPECT_EQ(owned.code, 0) << owned.err;
  EXPECT_EQ(refusals(), 1U);
  const Outcome published = publish(kBob, "bob in new");
  EXPECT_EQ(published.code, 0) << published.err;
  expect_found(kBob, "bob in new", "new");
}

TEST_F(Retiring, IsNoFaultToWhoPublishes) {
  drain(kBob);
  finish();
  const Outcome published = publish(kBob, "bob in new");
  EXPECT_EQ(published.code, 0) << published.err;
  EXPECT_EQ(refusals(), 1U);
  expect_found(kBob, "bob in new", "new");
}

TEST_F(Retiring, IsSaidOfALogThatIsNamed) {
  drain(kBob);
  finish();
  for (const auto& arguments :
       {std::vector<std::string>{"lookup", kAlice, "--log", "main"},
        std::vector<std::string>{"compare", "example.com", "--log", "main"}}) {
    const Outcome named = kt(arguments);
    EXPECT_EQ(named.code, 5) << named.out;
    EXPECT_NE(named.err.find("the log has retired"), std::string::npos) << named.err;
  }
  EXPECT_EQ(refusals(), 1U) << "it is known then";
}

// A log that says so, where the document does not, is at fault.
TEST_F(Retiring, IsAFaultAsLongAsNoDocumentSaysSo) {
  drain(kBob);
  const std::size_t begin = middle_.exchanges().size();
  middle_.meddle([](const Exchange& exchange) {
    const bool is_old = exchange.head.find("/logs/main/") != std::string::npos;
    return is_old ? "HTTP/1.1 410 Any\r\nContent-Type: application/problem+json\r\n"
                    "Content-Length: 2\r\nConnection: close\r\n\r\n{}"
                  : exchange.answer;
  });
  const Outcome own = kt({"own", kBob});
  EXPECT_EQ(own.code, 5);
  EXPECT_NE(own.err.find("410"), std::string::npos) << own.err;
  const Json report = kt_json({"monitor", "--all"}, 5);
  const auto refused =
      std::count_if(report.at("tasks").begin(), report.at("tasks").end(), [](const Json& task) {
        return !task.at("error").is_null() &&
               task.at("error").dump().find("410") != std::string::npos;
      });
  EXPECT_GT(refused, 0);
  EXPECT_EQ(documents_after_refusal(begin), 2U) << "one for each";
}

TEST_F(Migration, NobodyUpdatesBesideIt) {
  start_gradual();
  gateway::Asker writer(serving().url(), gateway::kWriterToken);
  const keytrans::UpdateRequest request{
      {}, label_of(kBob), Version{0}, {keytrans::LabelValue{to_bytes(std::string("beside"))}}};
  for (const char* const log : {"main", "new"}) {
    const auto answer = writer.post("/kt/v1/logs/" + std::string(log) + "/update", "update-request",
                                    must(keytrans::encode(request)));
    EXPECT_EQ(answer.status, 422U) << log;
  }
  expect_found(kBob, "bob 0", "main");
}

TEST_F(Migration, GoesOnAfterKillAndRestart) {
  start_gradual("30d");
  expect_found(kAlice, "alice 1", "main");  // and the document that is published now
  ASSERT_EQ(kt({"own", kDave}).code, 0);
  ASSERT_EQ(publish(kDave, "dave 0").code, 0);
  const federation::Url url = serving().url();
  serving().signal(SIGKILL);
  restart(url);
  EXPECT_EQ(status().at("phase"), "dual");
  wait_for_document("gradual");
  expect_found(kDave, "dave 0", "new");
  expect_found(kAlice, "alice 1", "main");
  ASSERT_EQ(migrate("advance").code, 0);
  serving().signal(SIGKILL);
  restart(url);
  wait_for_phase("draining");
  wait_for_document("single");
  expect_found(kAlice, "alice 1", "new");
  expect_found(kDave, "dave 0", "new");
  expect_refused(migrate("finish"), "grace period");
}

TEST_F(Migration, ImmediateFromBeginToEnd) {
  ASSERT_EQ(migrate("start", {"--to", "new", "--mode", "immediate", "--rate", "1"}).code, 0);
  gateway::wait_until([this] { return migrate("advance").code == 0; }, "it cannot be frozen");
  // Labels are copied one a second, and what users find stays as it is.
  wait_for_phase("populating");
  gateway::Asker writer(serving().url(), gateway::kWriterToken);
  const federation::RoutedUpdateRequest update{
      label_of(kBob), {}, {keytrans::LabelValue{to_bytes(std::string("too early"))}}};
  const auto refused =
      writer.post("/kt/v1/update", "routed-update-request", must(federation::encode(update)));
  EXPECT_EQ(refused.status, 503U);
  EXPECT_NE(gateway::text_of(refused.body).find("migration-frozen"), std::string::npos);
  expect_found(kBob, "bob 0", "main");
  wait_for_phase("draining");
  gateway::wait_until(
      [this] {
        return kt_json({"lookup", kAlice}).at("log").at("alias") == "new";
      },
      "labels are not in the new log");
  expect_found(kAlice, "alice 1", "new");
  expect_found(kBob, "bob 0", "new");
  EXPECT_EQ(status().at("moved"), 3);
  EXPECT_EQ(status().at("verified"), 3);
  EXPECT_EQ(report(), (Json{{"moved", 3}, {"updated", 0}, {"waiting", 0}, {"faults", 0}}));
  ASSERT_EQ(kt({"own", kDave}).code, 0);
  ASSERT_EQ(publish(kDave, "dave 0").code, 0);
  expect_found(kDave, "dave 0", "new");
  expect_refused(migrate("abort"), "users have found labels in the new log");
}

TEST_F(Migration, WhatMakesNoSenseChangesNothing) {
  expect_refused(migrate("start", {"--to", "main"}), "in that log");
  expect_refused(migrate("start", {"--to", "other"}), "no log of that name");
  expect_refused(migrate("advance"), "no labels of that domain are moving");
  expect_refused(migrate("finish"), "no labels of that domain are moving");
  const Outcome none =
      gateway::Running({"migrate", "status", "--socket", path("admin.socket")}).wait();
  EXPECT_EQ(none.out, "no labels are moving\n");
  {
    gateway::Asker writer(serving().url(), gateway::kWriterToken);
    const keytrans::UpdateRequest request{
        {}, label_of(kBob), {}, {keytrans::LabelValue{to_bytes(std::string("beside"))}}};
    ASSERT_EQ(
        writer.post("/kt/v1/logs/new/update", "update-request", must(keytrans::encode(request)))
            .status,
        200U);
  }
  expect_refused(migrate("start", {"--to", "new"}), "has labels already");
  expect_found(kAlice, "alice 1", "main");
}

TEST_F(Migration, CanBeTakenBackBeforeAnythingMoves) {
  ASSERT_EQ(migrate("start", {"--to", "new", "--mode", "immediate"}).code, 0);
  EXPECT_EQ(migrate("start", {"--to", "new", "--mode", "immediate"}).code, 0);
  expect_refused(migrate("start", {"--to", "new"}), "already, and otherwise");
  ASSERT_EQ(migrate("abort").code, 0);
  expect_refused(migrate("status"), "no labels of that domain are moving");
  expect_found(kAlice, "alice 1", "main");
  start_gradual();
  expect_refused(migrate("abort"), "users have found labels in the new log");
}

}  // namespace
}  // namespace kt::client
