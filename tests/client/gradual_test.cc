// Looking up labels that move from one log to another, at a gateway that may lie.
#include "client/lookup.h"
#include "client/monitor.h"
#include "client/trust.h"
#include "gradual_transport.h"
#include "kt_program.h"

namespace kt::client {
namespace {

constexpr const char* kBob = "bob@example.com";

class GradualLookup : public KtProgram {
 protected:
  GradualLookup() : transport_(now_) {
    must(client::trust(session_,
                       {domain_of("example.com"), {}, {}, {}, transport_.document().text()}));
  }
  Result<Found> look_up(const char* name) { return lookup(session_, {name, {}, {}, {}}); }
  void expect_misbehaviour(const char* name, const std::string& what) {
    const auto before = must(session_.state.read_all("logs"));
    const auto found = look_up(name);
    ASSERT_FALSE(found.has_value()) << what;
    EXPECT_EQ(found.error().code, Errc::verification_failed);
    EXPECT_NE(found.error().detail.find(what), std::string::npos) << found.error().detail;
    EXPECT_EQ(must(session_.state.read_all("logs")), before) << what;
  }

  const Timestamp now_ = system_now();
  GradualTransport transport_;
  Session session_{must(StateDirectory::open(state())), &transport_, [this] { return now_; }};
};

TEST_F(GradualLookup, FindsALabelWhereItIs) {
  const Found alice = must(look_up(kAlice));
  EXPECT_EQ(alice.value, GradualTransport::text("alice in from"));
  EXPECT_EQ(alice.tree.log, transport_.from().id());
  const Found bob = must(look_up(kBob));
  EXPECT_EQ(bob.value, GradualTransport::text("bob in to"));
  EXPECT_EQ(bob.version, Version{0});
  EXPECT_EQ(bob.tree.log, transport_.to().id());
  // Both logs are known from now on, and were asked about what is new.
  EXPECT_EQ(must(known_logs(session_)).size(), 2U);
  EXPECT_EQ(must(look_up(kBob)).value, bob.value);
}

TEST_F(GradualLookup, FollowsATombstoneToTheSuccessorAlone) {
  transport_.put_into_from(transport_.alice, 1,
                           GradualTransport::tombstone_to(transport_.from().id()));
  expect_misbehaviour(kAlice, "not the successor by the directory document");
  Bytes cut = GradualTransport::tombstone_to(transport_.to().id());
  cut.pop_back();
  transport_.put_into_from(transport_.alice, 2, cut);
  expect_misbehaviour(kAlice, "like a tombstone and is none");
}

TEST_F(GradualLookup, RefusesAnswersOfTheWrongLogs) {
  using Answers = GradualTransport::Answers;
  transport_.meddle([](Answers answers) { return Answers{answers.front()}; });
  expect_misbehaviour(kBob, "has not asked the log that the label has moved to");
  transport_.meddle([](Answers answers) { return Answers{answers.back()}; });
  expect_misbehaviour(kBob, "has not asked the log first that labels move from");
  transport_.meddle([](Answers answers) { return Answers{answers.back(), answers.front()}; });
  expect_misbehaviour(kBob, "has not asked the log first that labels move from");
  transport_.meddle([this](Answers answers) {
    answers.push_back(
        {transport_.to().id().hash(), transport_.answer_of(transport_.to().id(), transport_.bob)});
    return answers;
  });
  expect_misbehaviour(kAlice, "has asked another log for a label that has not moved");
  // A value from before the label has moved: the log says that there is a greater version.
  transport_.meddle([this](Answers answers) {
    answers.front().response = transport_.answer_of(transport_.from().id(), transport_.alice);
    return answers;
  });
  expect_misbehaviour(kBob, "log old: ");
}

TEST_F(GradualLookup, NoChangedByteIsBelieved) {
  ASSERT_TRUE(look_up(kBob).has_value());
  for (const std::size_t answer : {0U, 1U}) {
    const std::size_t size =
        transport_
            .answer_of((answer == 0 ? transport_.from() : transport_.to()).id(), transport_.bob)
            .size();
    for (std::size_t at = 0; at < size; at += 37) {
      transport_.meddle([&](GradualTransport::Answers answers) {
        Bytes& response = answers[answer].response;
        response[at % response.size()] ^= 1;
        return answers;
      });
      const auto found = look_up(kBob);
      ASSERT_FALSE(found.has_value()) << answer << ", byte " << at;
      EXPECT_EQ(found.error().code, Errc::verification_failed);
    }
  }
}

TEST_F(GradualLookup, VersionsNeedTheNameOfALog) {
  const auto unnamed = lookup(session_, {kBob, {}, Version{0}, {}});
  EXPECT_EQ(unnamed.error().code, Errc::rejected);
  const auto named = lookup(session_, {kBob, {}, {}, "old"});
  EXPECT_EQ(named.error().code, Errc::rejected);
  EXPECT_NE(named.error().detail.find("has moved"), std::string::npos);
  EXPECT_EQ(must(lookup(session_, {kAlice, {}, {}, "old"})).value,
            GradualTransport::text("alice in from"));
}

}  // namespace
}  // namespace kt::client
