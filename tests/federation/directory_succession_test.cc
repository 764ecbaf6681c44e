#include "federation/directory_succession.h"

#include <gtest/gtest.h>

#include "directory_world.h"

namespace kt::federation {
namespace {

constexpr std::uint64_t kHourMs = 60 * 60 * 1000;

Timestamp at_hour(std::uint64_t hour) { return Timestamp{kNotBefore.value() + hour * kHourMs}; }

// A document whose only log is `log`, signed by it and by `others`.
DirectoryDocument document_of(const KeyedLog& log, std::uint64_t epoch,
                              const std::vector<const KeyedLog*>& others = {},
                              LabelRule rule = LabelRule::ascii_lower) {
  Directory directory = single_directory(log, epoch);
  directory.label_rule = rule;
  std::vector<DirectorySigner> signers{signer(log)};
  for (const KeyedLog* const other : others) signers.push_back(signer(*other));
  return must(DirectoryDocument::sign(directory, signers));
}

class DirectorySuccession : public ::testing::Test {
 protected:
  // What is known after `next` has been published.
  void publish(const DirectoryDocument& next, Timestamp now) {
    known_ = must(follow(known_, next, now));
  }
  [[nodiscard]] Errc refusal(const DirectoryDocument& next, Timestamp now) const {
    const auto followed = follow(known_, next, now);
    EXPECT_FALSE(followed.has_value());
    return followed ? Errc::unavailable : followed.error().code;
  }
  [[nodiscard]] bool believes(const DirectoryDocument& document) const {
    return known_.current.entry() == document.entry() && !known_.held;
  }
  [[nodiscard]] bool holds(const DirectoryDocument& document, Timestamp since) const {
    return known_.current.entry() == first_.entry() && known_.held &&
           known_.held->document.entry() == document.entry() && known_.held->since == since;
  }

  const KeyedLog old_ = numbered_log(1);
  const KeyedLog new_ = numbered_log(2);
  const KeyedLog other_ = numbered_log(3);
  const DirectoryDocument first_ = document_of(old_, 10);
  KnownDirectory known_{first_, std::nullopt};
};

TEST_F(DirectorySuccession, TheSameDocumentChangesNothing) {
  publish(first_, at_hour(1));
  EXPECT_TRUE(believes(first_));
}

// ECDSA signatures differ each time; the document is what was signed.
TEST_F(DirectorySuccession, TheSamePayloadWithMoreSignaturesIsTheSameDocument) {
  publish(document_of(old_, 10, {&other_}), at_hour(1));
  EXPECT_TRUE(believes(first_));
}

TEST_F(DirectorySuccession, AHigherEpochFollows) {
  for (const std::uint64_t epoch : {11U, 15U, 16U}) {
    const auto next = document_of(old_, epoch);
    publish(next, at_hour(1));
    EXPECT_TRUE(believes(next));
  }
}

TEST_F(DirectorySuccession, ALowerEpochIsRefused) {
  EXPECT_EQ(refusal(document_of(old_, 9), at_hour(1)), Errc::rejected);
  EXPECT_EQ(refusal(document_of(new_, 9, {&old_}), at_hour(1)), Errc::rejected);
}

TEST_F(DirectorySuccession, TwoDocumentsOfOneEpochAreAConflict) {
  EXPECT_EQ(refusal(document_of(old_, 10, {}, LabelRule::bytes), at_hour(1)), Errc::conflict);
  EXPECT_EQ(refusal(document_of(new_, 10), at_hour(1)), Errc::conflict);
}

TEST_F(DirectorySuccession, OnlyWhatIsInForceIsBelieved) {
  const auto next = document_of(old_, 11);
  EXPECT_EQ(refusal(next, Timestamp{kNotBefore.value() - 1}), Errc::rejected);
  EXPECT_EQ(refusal(next, Timestamp{kNotBefore.value() + kWeekMs}), Errc::rejected);
  EXPECT_EQ(refusal(first_, Timestamp{kNotBefore.value() + kWeekMs}), Errc::rejected);
  publish(next, Timestamp{kNotBefore.value() + kWeekMs - 1});
  EXPECT_TRUE(believes(next));
}

TEST_F(DirectorySuccession, ANewLogThatTheOldOneVouchesForFollows) {
  const auto next = document_of(new_, 11, {&old_});
  publish(next, at_hour(1));
  EXPECT_TRUE(believes(next));
}

TEST_F(DirectorySuccession, ANewLabelRuleIsVouchedForByTheLog) {
  const auto next = document_of(old_, 11, {}, LabelRule::bytes);
  publish(next, at_hour(1));
  EXPECT_TRUE(believes(next));
}

TEST_F(DirectorySuccession, ANewLogThatNobodyVouchesForIsHeldDown) {
  for (const auto& next : {document_of(new_, 11), document_of(new_, 11, {&other_})}) {
    known_ = {first_, std::nullopt};
    publish(next, at_hour(1));
    EXPECT_TRUE(holds(next, at_hour(1)));
    publish(next, at_hour(50));
    EXPECT_TRUE(holds(next, at_hour(1)));
    publish(next, Timestamp{at_hour(73).value() - 1});
    EXPECT_TRUE(holds(next, at_hour(1)));
    publish(next, at_hour(73));
    EXPECT_TRUE(believes(next));
  }
}

TEST_F(DirectorySuccession, AClockThatGoesBackProlongsTheHoldDown) {
  const auto next = document_of(new_, 11);
  publish(next, at_hour(80));
  publish(next, at_hour(1));
  EXPECT_TRUE(holds(next, at_hour(80)));
}

TEST_F(DirectorySuccession, OneWhoseOnlyVoucherDoesNotHoldIsRefused) {
  std::string text = document_of(new_, 11, {&old_}).text();
  const std::size_t signature =
      text.find("\"signature\":\"", text.find(old_.id().hex() + "\",")) + 13;
  text[signature] = text[signature] == 'A' ? 'B' : 'A';
  EXPECT_EQ(refusal(must(DirectoryDocument::parse(text, domain_of("example.com"))), at_hour(1)),
            Errc::verification_failed);
}

// A log that is draining or retired keeps its keys less well.
TEST_F(DirectorySuccession, OnlyActiveLogsVouch) {
  for (const LogState state : {LogState::draining, LogState::retired}) {
    Directory directory = single_directory(old_, 10);
    directory.logs.push_back(other_.as(state, "other"));
    const DirectorySigner signers[] = {signer(old_)};
    known_ = {must(DirectoryDocument::sign(directory, signers)), std::nullopt};
    // Not a new log, but one that comes back.
    const auto next = document_of(other_, 11);
    publish(next, at_hour(1));
    ASSERT_TRUE(known_.held.has_value());
    EXPECT_EQ(known_.held->document.entry(), next.entry());
  }
}

TEST_F(DirectorySuccession, TheDomainTakesAHeldDocumentBack) {
  publish(document_of(new_, 11), at_hour(1));
  publish(first_, at_hour(2));
  EXPECT_TRUE(believes(first_));
  publish(document_of(new_, 11), at_hour(74));
  EXPECT_TRUE(holds(document_of(new_, 11), at_hour(74)));
}

// Even one with the greatest epoch there is: only what was believed counts.
TEST_F(DirectorySuccession, TheDomainGoesOnPastAHeldDocument) {
  publish(document_of(new_, 0xffff'ffff'ffff'ffff), at_hour(1));
  const auto next = document_of(old_, 11);
  publish(next, at_hour(2));
  EXPECT_TRUE(believes(next));
}

TEST_F(DirectorySuccession, AHeldDocumentMayBeRefreshed) {
  publish(document_of(new_, 11), at_hour(1));
  const auto refreshed = document_of(other_, 12, {&new_});
  publish(refreshed, at_hour(40));
  EXPECT_TRUE(holds(refreshed, at_hour(1)));
  publish(refreshed, at_hour(73));
  EXPECT_TRUE(believes(refreshed));
}

TEST_F(DirectorySuccession, AnotherHeldDocumentBeginsAnew) {
  for (const auto& other : {document_of(other_, 12), document_of(new_, 11, {}, LabelRule::bytes),
                            document_of(new_, 11, {&other_}, LabelRule::bytes)}) {
    known_ = {first_, std::nullopt};
    publish(document_of(new_, 11), at_hour(1));
    publish(other, at_hour(72));
    EXPECT_TRUE(holds(other, at_hour(72)));
    publish(other, at_hour(73));
    EXPECT_TRUE(holds(other, at_hour(72)));
  }
}

TEST_F(DirectorySuccession, ARefusedDocumentLeavesTheHoldDownAlone) {
  const auto next = document_of(new_, 11);
  publish(next, at_hour(1));
  EXPECT_EQ(refusal(document_of(old_, 9), at_hour(2)), Errc::rejected);
  publish(next, at_hour(73));
  EXPECT_TRUE(believes(next));
}

}  // namespace
}  // namespace kt::federation
