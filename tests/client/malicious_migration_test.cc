// Labels that move from a log to another, where the old log, the new one or the gateway lies: what
// its users are told, case by case.
#include "client/lookup.h"
#include "client/monitor.h"
#include "client/own.h"
#include "client/trust.h"
#include "kt_program.h"
#include "moving_transport.h"

namespace kt::client {
namespace {

constexpr const char* kBob = "bob@example.com";

// A user who owns alice's label, has published for her, and has looked bob up.
class World : public KtProgram {
 protected:
  World() {
    must(client::trust(session_, {domain_of("example.com"), {}, {}, {}, logs_.document().text()}));
    must(own(session_, {kAlice, {}}));
    publish("alice 1");
    must(look_up(kBob));
    expect_done();
  }

  void TestBody() override {}

  Result<Found> look_up(const char* name, const char* log = "") {
    return lookup(session_, {name, {}, {}, log});
  }
  void publish(const char* value) {
    must(client::publish(session_, {kAlice, {}, to_bytes(std::string_view(value))},
                         keytrans::SecretBytes::copy_of(to_bytes(std::string_view("token")))));
  }
  // What is wrong, of everything that there is to monitor; "" when nothing is.
  std::string monitor() {
    std::string errors;
    for (const Monitored& task : must(client::monitor(session_, true)).tasks) {
      if (!task.error) continue;
      EXPECT_EQ(task.error->code, Errc::verification_failed) << task.error->detail;
      errors += task.error->detail + "; ";
    }
    return errors;
  }
  void expect_done() { EXPECT_EQ(monitor(), ""); }

  // --- Stages of an honest migration -----------------------------------------------------------

  // Bob's label has moved, and was looked up since.
  void move_bob() {
    logs_.publish_gradual();
    logs_.move(logs_.bob, "bob 0");
    EXPECT_EQ(must(look_up(kBob)).value, MovingTransport::text("bob 0"));
    expect_done();
  }
  // All labels have. Nobody has looked since alice's has.
  void move_all() {
    move_bob();
    logs_.move(logs_.alice, "alice 1");
    logs_.put_final_head(logs_.final_head());
  }
  void drain() {
    move_all();
    logs_.publish_end();
  }
  // At once, as others may have the old log's keys.
  void leave_at_once(std::string_view copy = "alice 1") {
    logs_.put(logs_.new_log(), logs_.alice, copy);
    logs_.put(logs_.new_log(), logs_.bob, "bob 0");
    logs_.put_final_head(logs_.final_head(true));
    logs_.publish_end();
  }

  MovingTransport logs_{system_now()};
  Session session_{must(StateDirectory::open(state())), &logs_, [this] { return logs_.now(); }};
};

// --- Without a lie --------------------------------------------------------------------------

class HonestMigration : public World {};

TEST_F(HonestMigration, IsFollowedToItsEnd) {
  drain();
  EXPECT_EQ(must(look_up(kAlice)).value, MovingTransport::text("alice 1"));
  expect_done();
  expect_done();
  publish("alice 2");
  logs_.put_heartbeat(logs_.old_log());
  expect_done();
  logs_.publish_end(federation::LogState::retired);
  logs_.lie([](const std::string& where, const Question&) -> std::optional<Result<Bytes>> {
    EXPECT_NE(where, "/old") << "it has retired";
    return std::nullopt;
  });
  expect_done();
  EXPECT_EQ(must(look_up(kAlice)).value, MovingTransport::text("alice 2"));
}

TEST_F(HonestMigration, OfALogWhoseKeysOthersMayHave) {
  leave_at_once();
  expect_done();
  expect_done();
  EXPECT_EQ(must(look_up(kAlice)).value, MovingTransport::text("alice 1"));
  publish("alice 2");
  const auto named = look_up(kAlice, "old");
  ASSERT_FALSE(named.has_value());
  EXPECT_EQ(named.error().code, Errc::rejected);
}

// Who comes back when the old log has retired is told once what was not looked at.
TEST_F(HonestMigration, IsMissedByWhoWasAway) {
  drain();
  logs_.publish_end(federation::LogState::retired);
  const auto errors = [this] {
    std::vector<std::string> all;
    for (const Monitored& task : must(client::monitor(session_, true)).tasks) {
      if (task.error) all.push_back(task.error->detail);
    }
    return all;
  };
  const auto first = errors();
  ASSERT_EQ(first.size(), 1U);
  EXPECT_NE(first[0].find("log old: it has retired with "), std::string::npos) << first[0];
  EXPECT_TRUE(errors().empty());
  publish("alice 2");
  EXPECT_EQ(must(look_up(kAlice)).value, MovingTransport::text("alice 2"));
}

// --- With one -------------------------------------------------------------------------------

// How it shows.
enum class By : std::uint8_t { looking_bob_up, monitoring, owning, fetching };

struct Case {
  const char* name;
  void (*arrange)(class MaliciousMigration& world);
  By by;
  const char* message;
};

std::ostream& operator<<(std::ostream& out, const Case& each) { return out << each.name; }

class MaliciousMigration : public World, public ::testing::WithParamInterface<Case> {
 public:
  using World::drain;
  using World::leave_at_once;
  using World::logs_;
  using World::monitor;
  using World::move_all;
  using World::move_bob;

  static const std::vector<Case> kOldLog;
  static const std::vector<Case> kNewLog;
  static const std::vector<Case> kGateway;

 protected:
  std::string what_is_said(By by) {
    switch (by) {
      case By::looking_bob_up: {
        const auto found = look_up(kBob);
        EXPECT_FALSE(found.has_value());
        return found ? "" : found.error().detail;
      }
      case By::owning: {
        // In the new log, where it moves to.
        const auto owned = own(session_, {kAlice, {}});
        EXPECT_FALSE(owned.has_value());
        return owned ? "" : owned.error().detail;
      }
      case By::fetching: {
        const auto followed = client::trust(session_, {domain_of("example.com"), {}, {}, {}, {}});
        EXPECT_FALSE(followed.has_value());
        return followed ? "" : followed.error().detail;
      }
      case By::monitoring: break;
    }
    return monitor();
  }
};

TEST_P(MaliciousMigration, IsFoundOut) {
  GetParam().arrange(*this);
  const std::string said = what_is_said(GetParam().by);
  EXPECT_NE(said.find(GetParam().message), std::string::npos) << said;
}

using Scene = MaliciousMigration;
using Answer = std::optional<Result<Bytes>>;

federation::FinalHead other_history(federation::FinalHead head) {
  head.root[5] ^= 1;
  return head;
}

const std::vector<Case> MaliciousMigration::kOldLog{
    {"TombstoneToAStranger",
     [](Scene& test) {
       test.logs_.publish_gradual();
       test.logs_.put(test.logs_.old_log(), test.logs_.bob,
                      MovingTransport::tombstone_to(test.logs_.old_id()));
     },
     By::looking_bob_up,
     "log old: the tombstone names a log that is not the successor by the directory document"},
    {"TombstoneToAStrangerOfAnOwner",
     [](Scene& test) {
       test.logs_.publish_gradual();
       test.logs_.put(test.logs_.old_log(), test.logs_.alice,
                      MovingTransport::tombstone_to(test.logs_.old_id()));
     },
     By::monitoring,
     "log old: the tombstone names a log that is not the successor by the directory document"},
    {"TombstoneTakenAway",
     [](Scene& test) {
       test.move_bob();
       test.logs_.put(test.logs_.old_log(), test.logs_.bob, "bob 0");
     },
     By::looking_bob_up, "log old: the label had moved, and its tombstone was taken away"},
    {"TombstoneTwice",
     [](Scene& test) {
       test.move_bob();
       test.logs_.bury(test.logs_.bob);
     },
     By::looking_bob_up, "log old: the label's tombstone is another than it was"},
    {"TombstoneTakenFromItsOwner",
     [](Scene& test) {
       test.logs_.publish_gradual();
       test.logs_.move(test.logs_.alice, "alice 1");
       EXPECT_EQ(test.monitor(), "");
       test.logs_.put(test.logs_.old_log(), test.logs_.alice, "alice 1");
     },
     By::monitoring, "log old: there is a version that was not published from here"},
    {"AVersionBeforeTheTombstone",
     [](Scene& test) {
       test.logs_.publish_gradual();
       test.logs_.put(test.logs_.old_log(), test.logs_.alice, "not alice's");
       test.logs_.move(test.logs_.alice, "not alice's");
     },
     By::monitoring, "log old: there is a version that was not published from here"},
    {"AVersionAfterTheFinalHead",
     [](Scene& test) {
       test.drain();
       test.logs_.put(test.logs_.old_log(), test.logs_.alice, "not alice's");
     },
     By::monitoring, "log old: there is a version that was not published from here"},
    {"SaysThatItNeverHadALabel",
     [](Scene& test) {
       test.drain();
       test.logs_.lie([&test](const std::string& where, const Question& question) -> Answer {
         if (where != "/old" || question.operation != "search") return std::nullopt;
         const auto asked = must(keytrans::decode<keytrans::SearchRequest>(question.body));
         if (asked.label != test.logs_.alice) return std::nullopt;
         return fail(Errc::not_found, "unknown-label");
       });
     },
     By::monitoring, "log old: it says that it does not have the label"},
    {"SmallerThanItsFinalHead",
     [](Scene& test) {
       test.move_bob();
       auto head = test.logs_.final_head();
       head.tree_size = TreeSize{head.tree_size.value() + 5};
       test.logs_.put_final_head(head);
       test.logs_.publish_end();
     },
     By::monitoring, "log old: it says that it is smaller than its final head of "},
    {"AnotherHistoryThanItsFinalHead",
     [](Scene& test) {
       test.move_bob();
       test.logs_.put_final_head(other_history(test.logs_.final_head()));
       test.logs_.put_heartbeat(test.logs_.old_log());
       test.logs_.publish_end();
     },
     By::monitoring, "are not those of its final head"},
    {"AnotherHistoryThanWhatWasSeen",
     [](Scene& test) {
       test.drain();
       // An honest proof of a tree that begins otherwise: another log's.
       test.logs_.lie([&test](const std::string& where, const Question& question) -> Answer {
         if (where != "/old" || question.operation != "consistency") return std::nullopt;
         return test.logs_.ask(test.logs_.new_log(), question);
       });
     },
     By::monitoring, "log old: "},
    {"GoesOnAlthoughOthersHaveItsKeys",
     [](Scene& test) {
       test.leave_at_once();
       test.logs_.put_heartbeat(test.logs_.old_log());
     },
     By::monitoring, "although others may have its keys"},
    {"WentOnBeforeThatWasKnown",
     [](Scene& test) {
       const auto head = test.logs_.final_head(true);
       test.logs_.put_heartbeat(test.logs_.old_log());
       EXPECT_EQ(test.monitor(), "");
       test.logs_.put(test.logs_.new_log(), test.logs_.alice, "alice 1");
       test.logs_.put_final_head(head);
       test.logs_.publish_end();
     },
     By::monitoring, "log old: it has signed entries after its final head of "},
};

const std::vector<Case> MaliciousMigration::kNewLog{
    {"NoFinalHead",
     [](Scene& test) {
       test.move_bob();
       test.logs_.publish_end();
     },
     By::monitoring, "log new: it has no final head of log old, whose labels have moved to it"},
    {"AFinalHeadThatIsNone",
     [](Scene& test) {
       test.move_bob();
       test.logs_.put(test.logs_.new_log(), federation::final_head_label(test.logs_.old_id()),
                      "a final head");
       test.logs_.publish_end();
     },
     By::monitoring, "log new: the final head: "},
    {"TheFinalHeadMoved",
     [](Scene& test) {
       test.drain();
       EXPECT_EQ(test.monitor(), "");
       test.logs_.put_heartbeat(test.logs_.old_log());
       test.logs_.put_final_head(test.logs_.final_head());
     },
     By::monitoring, "log new: the final head of log old was moved: it was "},
    {"TheFinalHeadMovedAfterTheOldLogHasRetired",
     [](Scene& test) {
       test.drain();
       EXPECT_EQ(test.monitor(), "");
       test.logs_.put_final_head(other_history(test.logs_.final_head()));
       test.logs_.publish_end(federation::LogState::retired);
     },
     By::monitoring, "log new: the final head of log old was moved: it was "},
    {"TheCopyChanged",
     [](Scene& test) {
       test.move_bob();
       test.logs_.move(test.logs_.alice, "mallory 1");
       test.logs_.put_final_head(test.logs_.final_head());
       test.logs_.publish_end();
     },
     By::monitoring,
     "log new: the label's first value is not its last one in log old: it was changed when the "
     "label moved, or was published by somebody else"},
    {"TheCopyChangedWhileLabelsMove",
     [](Scene& test) {
       test.move_bob();
       test.logs_.move(test.logs_.alice, "mallory 1");
     },
     By::monitoring, "log new: the label's first value is not its last one in log old"},
    {"TheCopyChangedAndOwned",
     [](Scene& test) {
       test.move_bob();
       test.logs_.move(test.logs_.alice, "mallory 1");
     },
     By::owning, "log new: the label's first value is not its last one in log old"},
    {"TheCopyChangedOfALogThatCannotBeAsked", [](Scene& test) { test.leave_at_once("mallory 1"); },
     By::monitoring, "log new: the label's first value is not its last one in log old"},
    {"ALabelLeftOut",
     [](Scene& test) {
       test.move_bob();
       test.logs_.put_final_head(test.logs_.final_head());
       test.logs_.publish_end();
     },
     By::monitoring,
     "log new: it does not have the label, which log old has: it was left out when labels moved"},
    {"ALabelLeftOutWithATombstone",
     [](Scene& test) {
       test.move_bob();
       test.logs_.bury(test.logs_.alice);
     },
     By::monitoring, "log new: it does not have the label, which log old has"},
};

const std::vector<Case> MaliciousMigration::kGateway{
    {"AnOldDocumentAgain",
     [](Scene& test) {
       test.move_bob();
       test.logs_.replay_document();
     },
     By::fetching, "the directory document has a lower epoch than one seen before"},
    {"AnAnswerFromBeforeTheMove",
     [](Scene& test) {
       test.logs_.publish_gradual();
       const auto view = test.logs_.old_log().size();
       const Bytes before = must(test.logs_.ask(
           test.logs_.old_log(),
           {"/search", "search",
            must(keytrans::encode(keytrans::SearchRequest{view, test.logs_.bob, std::nullopt}))}));
       test.logs_.move(test.logs_.bob, "bob 0");
       test.logs_.put_heartbeat(test.logs_.old_log());
       test.logs_.lie(
           [&test, before](const std::string& where, const Question& question) -> Answer {
             if (!where.empty() || question.operation != "lookup") return std::nullopt;
             return federation::encode(
                 federation::RoutedResponse{test.logs_.document().directory().epoch.value(),
                                            {{test.logs_.old_id().hash(), before}}});
           });
     },
     By::looking_bob_up, "log old: "},
    {"NotTheNewLogsAnswer",
     [](Scene& test) {
       test.move_bob();
       test.logs_.lie([&test](const std::string& where, const Question& question) -> Answer {
         if (!where.empty() || question.operation != "lookup") return std::nullopt;
         const Bytes honest = must(test.logs_.answer(where, question));
         auto routed = must(federation::decode<federation::RoutedResponse>(honest));
         routed.answers.pop_back();
         return federation::encode(routed);
       });
     },
     By::looking_bob_up, "the gateway has not asked the log that the label has moved to"},
};

std::string name_of_case(const ::testing::TestParamInfo<Case>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(OldLog, MaliciousMigration,
                         ::testing::ValuesIn(MaliciousMigration::kOldLog), name_of_case);
INSTANTIATE_TEST_SUITE_P(NewLog, MaliciousMigration,
                         ::testing::ValuesIn(MaliciousMigration::kNewLog), name_of_case);
INSTANTIATE_TEST_SUITE_P(Gateway, MaliciousMigration,
                         ::testing::ValuesIn(MaliciousMigration::kGateway), name_of_case);

}  // namespace
}  // namespace kt::client
