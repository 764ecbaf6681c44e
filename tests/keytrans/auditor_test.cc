#include "keytrans/auditor.h"

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "audited_log.h"
#include "suites.h"

namespace kt::keytrans {
namespace {

std::vector<PrefixLeaf> named_leaves(std::size_t count, const std::string& name) {
  std::vector<PrefixLeaf> leaves;
  for (std::size_t i = 0; i < count; ++i) leaves.push_back(named_leaf(name + std::to_string(i)));
  return leaves;
}

// Leaves of this storage cannot be written.
class FailingLeaves final : public AuditedLeaves {
 public:
  Result<std::optional<EntryIndex>> added_at(const HashValue& /*vrf_output*/) const override {
    return std::optional<EntryIndex>();
  }
  Result<void> apply(EntryIndex /*entry*/, const std::vector<PrefixLeaf>& /*added*/,
                     const std::vector<PrefixLeaf>& /*removed*/) override {
    return fail(Errc::unavailable, "the disk is full");
  }
};

// An auditor that followed a log from its first entry. Entry i was made at (i + 1) seconds, the
// Reasonable Monitoring Window is one second, and each entry added two leaves.
class AuditorProcess : public ::testing::TestWithParam<CipherSuite> {
 protected:
  static constexpr std::uint64_t kEntries = 6;

  AuditorProcess() : auditor_(must(Auditor::from_genesis(log_.configuration()))) {
    for (std::uint64_t i = 0; i < kEntries; ++i)
      follow(Timestamp{1'000 * (i + 1)}, {leaf(i), named_leaf("beside " + std::to_string(i))});
  }

  [[nodiscard]] static PrefixLeaf leaf(std::uint64_t entry) {
    return named_leaf("leaf " + std::to_string(entry));
  }

  void follow(Timestamp timestamp, const std::vector<PrefixLeaf>& added,
              const std::vector<PrefixLeaf>& removed = {}) {
    must(auditor_.process(log_.append(timestamp, added, removed), leaves_));
  }

  // Expects that the update is refused because of `about`, and that nothing has changed then.
  void expect_refused(const AuditorUpdate& update, std::string_view about) {
    const Bytes before = must(auditor_.serialize());
    const auto known_before = known(update);
    const auto processed = auditor_.process(update, leaves_);
    ASSERT_FALSE(processed.has_value());
    EXPECT_EQ(processed.error().code, Errc::verification_failed);
    EXPECT_NE(processed.error().detail.find(about), std::string::npos)
        << processed.error().detail << " does not speak of " << about;
    EXPECT_EQ(must(auditor_.serialize()), before);
    EXPECT_EQ(known(update), known_before);
    // The next entry is processed as if nothing had been.
    Auditor copy = auditor_;
    MemoryAuditedLeaves copy_of_leaves = leaves_;
    const AuditorUpdate next = log_.propose(Timestamp{1'000'000}, {named_leaf("honest")});
    EXPECT_TRUE(copy.process(next, copy_of_leaves).has_value());
  }

  // Where the leaves of `update` are known to have been added.
  [[nodiscard]] std::vector<std::optional<EntryIndex>> known(const AuditorUpdate& update) const {
    std::vector<std::optional<EntryIndex>> entries;
    for (const auto* const list : {&update.added, &update.removed}) {
      for (const PrefixLeaf& leaf : *list)
        entries.push_back(must(leaves_.added_at(leaf.vrf_output)));
    }
    return entries;
  }

  static constexpr Timestamp kNext{1'000 * (kEntries + 1)};

  AuditedLog log_{GetParam()};
  Auditor auditor_;
  MemoryAuditedLeaves leaves_;
};

INSTANTIATE_TEST_SUITE_P(, AuditorProcess, ::testing::Values(kP256Suite, kEd25519Suite),
                         suite_name);

// --- What an auditor accepts -----------------------------------------------------------------

TEST_P(AuditorProcess, FollowsTheLog) {
  EXPECT_EQ(auditor_.size(), log_.size());
  EXPECT_TRUE(auditor_.has_processed());
  const AuditorTreeHead head = must(auditor_.sign(log_.auditor_key()));
  EXPECT_EQ(head.tree_size, TreeSize{kEntries});
  EXPECT_EQ(head.timestamp, Timestamp{1'000 * kEntries});
  EXPECT_TRUE(log_.configuration().verify_auditor_tree_head(head, log_.view().root()));
}

TEST_P(AuditorProcess, AcceptsEqualTimestamps) {
  follow(Timestamp{1'000 * kEntries}, {named_leaf("same moment")});
  EXPECT_EQ(auditor_.size(), TreeSize{kEntries + 1});
}

TEST_P(AuditorProcess, AcceptsARemovalAfterADistinguishedEntryPublishedTheLeaf) {
  follow(kNext, {successor_of(leaf(2))}, {leaf(2)});
  EXPECT_FALSE(must(leaves_.added_at(leaf(2).vrf_output)).has_value());
  const AuditorTreeHead head = must(auditor_.sign(log_.auditor_key()));
  EXPECT_TRUE(log_.configuration().verify_auditor_tree_head(head, log_.view().root()));
}

TEST_P(AuditorProcess, AcceptsAReplacement) {
  const PrefixLeaf replaced = named_leaf("leaf 2", "another value");
  ASSERT_EQ(replaced.vrf_output, leaf(2).vrf_output);
  follow(kNext, {replaced}, {leaf(2)});
  EXPECT_EQ(must(leaves_.added_at(replaced.vrf_output)), EntryIndex{kEntries});
  const AuditorTreeHead head = must(auditor_.sign(log_.auditor_key()));
  EXPECT_TRUE(log_.configuration().verify_auditor_tree_head(head, log_.view().root()));
}

TEST_P(AuditorProcess, AcceptsALeafThatComesBack) {
  follow(kNext, {successor_of(leaf(2))}, {leaf(2)});
  follow(Timestamp{kNext.value() + 1}, {leaf(2)});
  EXPECT_EQ(must(leaves_.added_at(leaf(2).vrf_output)), EntryIndex{kEntries + 1});
}

TEST_P(AuditorProcess, AcceptsAsManyChangesAsAnUpdateCanHold) {
  follow(kNext, named_leaves(255, "many "));
  EXPECT_EQ(auditor_.size(), TreeSize{kEntries + 1});
}

// --- Steps 1 to 4, 6 and 7 -------------------------------------------------------------------

TEST_P(AuditorProcess, RefusesATimestampThatRunsBackwards) {
  for (const std::uint64_t timestamp : {1'000 * kEntries - 1, std::uint64_t{0}})
    expect_refused(log_.propose(Timestamp{timestamp}, {named_leaf("new")}), "step 1");
}

TEST_P(AuditorProcess, RefusesAnEntryWithoutChanges) {
  AuditorUpdate update;
  update.timestamp = kNext;
  expect_refused(update, "without changes");
  update.proof.elements.push_back(log_.prefix_tree().hash);
  expect_refused(update, "without changes");
}

// The lookups stay with their leaves, so that the order is all that is wrong.
TEST_P(AuditorProcess, RefusesLeavesOutOfOrder) {
  AuditorUpdate update = log_.propose(kNext, named_leaves(3, "new "));
  std::swap(update.added[0], update.added[1]);
  std::swap(update.proof.results[0], update.proof.results[1]);
  expect_refused(update, "not strictly ascending");

  update = log_.propose(kNext, {named_leaf("new")}, {leaf(1), leaf(2)});
  std::swap(update.removed[0], update.removed[1]);
  std::swap(update.proof.results[1], update.proof.results[2]);
  expect_refused(update, "not strictly ascending");
}

TEST_P(AuditorProcess, RefusesALeafTwice) {
  AuditorUpdate update = log_.propose(kNext, {named_leaf("new")}, {leaf(1)});
  AuditorUpdate added = update;
  added.added.push_back(added.added.front());
  added.proof.results.insert(added.proof.results.begin(), added.proof.results.front());
  expect_refused(added, "not strictly ascending");
  AuditorUpdate removed = update;
  removed.removed.push_back(removed.removed.front());
  removed.proof.results.push_back(removed.proof.results.back());
  expect_refused(removed, "not strictly ascending");
  // Nor with another commitment.
  added.added.back().commitment[0] ^= 1;
  expect_refused(added, "not strictly ascending");
}

TEST_P(AuditorProcess, RefusesAnAddedLeafThatExists) {
  expect_refused(log_.propose(kNext, {leaf(3)}), "added leaf was there before");
  expect_refused(log_.propose(kNext, {named_leaf("leaf 3", "another value")}),
                 "added leaf was there before");
}

TEST_P(AuditorProcess, RefusesARemovedLeafThatDoesNotExist) {
  expect_refused(log_.propose(kNext, {}, {named_leaf("never added")}),
                 "removed leaf was not there before");
  expect_refused(log_.propose(kNext, {named_leaf("in and out")}, {named_leaf("in and out")}),
                 "removed leaf was not there before");
}

TEST_P(AuditorProcess, RefusesARemovedLeafWithAnotherCommitment) {
  expect_refused(log_.propose(kNext, {named_leaf("leaf 3", "new value")},
                              {named_leaf("leaf 3", "not its value")}),
                 "step 6");
}

TEST_P(AuditorProcess, RefusesAProofFromAnotherTree) {
  const AuditorUpdate older = log_.propose(kNext, {named_leaf("new")});
  follow(kNext, {named_leaf("something else")});
  const auto processed = auditor_.process(older, leaves_);
  ASSERT_FALSE(processed.has_value());
  EXPECT_NE(processed.error().detail.find("step 6"), std::string::npos);

  AuditedLog other(GetParam());
  other.append(Timestamp{1'000}, {named_leaf("of another log")});
  const auto foreign =
      auditor_.process(other.propose(Timestamp{9'000}, {named_leaf("new")}), leaves_);
  EXPECT_FALSE(foreign.has_value());
}

TEST_P(AuditorProcess, RefusesAnEntryTwice) {
  const AuditorUpdate update = log_.append(kNext, {named_leaf("new")});
  must(auditor_.process(update, leaves_));
  EXPECT_FALSE(auditor_.process(update, leaves_).has_value());
}

TEST_P(AuditorProcess, RefusesAProofWithTooFewOrTooManyParts) {
  const AuditorUpdate honest = log_.propose(kNext, {named_leaf("new")}, {leaf(1)});
  AuditorUpdate update = honest;
  update.proof.results.pop_back();
  expect_refused(update, "not one search result");
  update = honest;
  update.proof.results.push_back(update.proof.results.back());
  expect_refused(update, "not one search result");
  update = honest;
  update.proof.elements.pop_back();
  expect_refused(update, "lacks elements");
  update = honest;
  update.proof.elements.push_back(HashValue{});
  expect_refused(update, "more elements than it needs");
}

// Known gap 9: what is left alone by a removal has to be shown.
TEST_P(AuditorProcess, RefusesAnUndeterminedRoot) {
  AuditedLog log(GetParam());
  Auditor auditor = must(Auditor::from_genesis(log.configuration()));
  MemoryAuditedLeaves leaves;
  PrefixLeaf left;
  PrefixLeaf right;
  right.vrf_output[0] = 0x80;
  must(auditor.process(log.append(Timestamp{1'000}, {left, right}), leaves));
  const AuditorUpdate alone = log.propose(Timestamp{2'000}, {}, {right});
  const auto processed = auditor.process(alone, leaves);
  ASSERT_FALSE(processed.has_value());
  EXPECT_EQ(processed.error().code, Errc::verification_failed);
  EXPECT_NE(processed.error().detail.find("undetermined"), std::string::npos);

  // With the sibling looked up as well, it is determined.
  PrefixLeaf beside = left;
  beside.vrf_output[31] = 0x80;
  const AuditorUpdate shown = log.append(Timestamp{2'000}, {beside}, {right});
  EXPECT_TRUE(auditor.process(shown, leaves).has_value());
}

// --- Step 5 ----------------------------------------------------------------------------------

// Entry 8 is distinguished with an entry that follows the root, entry 7, by a window.
TEST_P(AuditorProcess, RefusesARemovalBeforeADistinguishedEntryPublishedTheLeaf) {
  const PrefixLeaf hidden = named_leaf("hidden");
  follow(Timestamp{7'000}, {named_leaf("entry 6")});
  follow(Timestamp{7'100}, {named_leaf("entry 7")});
  follow(Timestamp{7'200}, {hidden});
  const auto removal = [&](std::uint64_t timestamp) {
    return log_.propose(Timestamp{timestamp}, {successor_of(hidden)}, {hidden});
  };
  expect_refused(removal(7'200), "step 5");
  expect_refused(removal(8'099), "step 5");
  EXPECT_TRUE(auditor_.process(removal(8'100), leaves_).has_value());
}

TEST_P(AuditorProcess, RefusesARemovalInTheEntryThatAdds) {
  const PrefixLeaf both = named_leaf("both");
  expect_refused(log_.propose(kNext, {both}, {both}), "removed leaf was not there before");
}

TEST_P(AuditorProcess, RefusesARemovalFromAnEmptyTree) {
  AuditedLog log(GetParam());
  Auditor auditor = must(Auditor::from_genesis(log.configuration()));
  MemoryAuditedLeaves leaves;
  const Bytes before = must(auditor.serialize());
  const auto processed =
      auditor.process(log.propose(Timestamp{1'000}, {}, {named_leaf("nothing")}), leaves);
  ASSERT_FALSE(processed.has_value());
  EXPECT_EQ(processed.error().code, Errc::verification_failed);
  EXPECT_EQ(must(auditor.serialize()), before);
}

// A replaced leaf counts from its replacement.
TEST_P(AuditorProcess, RefusesToRemoveAReplacementTooEarly) {
  const PrefixLeaf replaced = named_leaf("leaf 2", "another value");
  follow(Timestamp{6'100}, {replaced}, {leaf(2)});
  expect_refused(log_.propose(Timestamp{6'200}, {successor_of(replaced)}, {replaced}), "step 5");
}

// --- Storage ---------------------------------------------------------------------------------

TEST_P(AuditorProcess, GoesOnAfterARestart) {
  Auditor restarted = must(Auditor::parse(must(auditor_.serialize())));
  EXPECT_EQ(restarted.size(), auditor_.size());
  EXPECT_TRUE(restarted.has_processed());
  EXPECT_EQ(must(restarted.serialize()), must(auditor_.serialize()));
  const AuditorUpdate update = log_.append(kNext, {successor_of(leaf(2))}, {leaf(2)});
  must(restarted.process(update, leaves_));
  EXPECT_TRUE(log_.configuration().verify_auditor_tree_head(
      must(restarted.sign(log_.auditor_key())), log_.view().root()));
}

// The leaves are the part of the memory that is kept elsewhere.
TEST_P(AuditorProcess, RefusesRemovalsAfterARestartThatForgotTheLeaves) {
  Auditor restarted = must(Auditor::parse(must(auditor_.serialize())));
  MemoryAuditedLeaves forgotten;
  const auto processed =
      restarted.process(log_.propose(kNext, {successor_of(leaf(2))}, {leaf(2)}), forgotten);
  ASSERT_FALSE(processed.has_value());
  EXPECT_EQ(processed.error().code, Errc::verification_failed);
  EXPECT_NE(processed.error().detail.find("never added"), std::string::npos);
  EXPECT_EQ(must(restarted.serialize()), must(auditor_.serialize()));
}

TEST_P(AuditorProcess, StaysWhereItWasWhenTheLeavesCannotBeWritten) {
  FailingLeaves failing;
  const Bytes before = must(auditor_.serialize());
  const AuditorUpdate update = log_.append(kNext, {named_leaf("new")});
  const auto processed = auditor_.process(update, failing);
  ASSERT_FALSE(processed.has_value());
  EXPECT_EQ(processed.error(), (Error{Errc::unavailable, "the disk is full"}));
  EXPECT_EQ(must(auditor_.serialize()), before);
  EXPECT_TRUE(auditor_.process(update, leaves_).has_value());
}

TEST_P(AuditorProcess, RefusesWhatItDidNotStore) {
  const Bytes stored = must(auditor_.serialize());
  for (std::size_t size = 0; size < stored.size(); ++size) {
    const auto parsed = Auditor::parse(ByteView(stored).first(size));
    ASSERT_FALSE(parsed.has_value());
    EXPECT_EQ(parsed.error().code, Errc::malformed);
  }
  Bytes other_version = stored;
  other_version[1] = 2;
  const auto parsed = Auditor::parse(other_version);
  ASSERT_FALSE(parsed.has_value());
  EXPECT_NE(parsed.error().detail.find("Auditor.version"), std::string::npos);
  // One entry more than the rest of the state is about.
  const Bytes configuration = must(encode(log_.configuration().wire()));
  Bytes larger = stored;
  ++larger[2 + configuration.size() + 7];
  EXPECT_FALSE(Auditor::parse(larger).has_value());
}

// --- Where an auditor starts, and what it signs ----------------------------------------------

TEST_P(AuditorProcess, SignsNothingBeforeItProcessedSomething) {
  AuditedLog log(GetParam());
  const Auditor auditor = must(Auditor::from_genesis(log.configuration()));
  EXPECT_FALSE(auditor.has_processed());
  const auto head = auditor.sign(log.auditor_key());
  ASSERT_FALSE(head.has_value());
  EXPECT_EQ(head.error().code, Errc::unavailable);
}

// An auditor of a log that others audited, or nobody, up to entry 4. Entry i was made at
// 300 * (i + 1) milliseconds.
class AuditorFromTheMiddle : public ::testing::TestWithParam<CipherSuite> {
 protected:
  static constexpr std::uint64_t kStart = 5;

  AuditorFromTheMiddle() {
    for (std::uint64_t i = 0; i < kStart; ++i) {
      const std::string name = std::to_string(i);
      log_.append(Timestamp{300 * (i + 1)}, {named_leaf("old " + name), named_leaf("by " + name)});
    }
  }

  AuditedLog log_{GetParam(), kStart};
  MemoryAuditedLeaves leaves_;
};

INSTANTIATE_TEST_SUITE_P(, AuditorFromTheMiddle, ::testing::Values(kP256Suite, kEd25519Suite),
                         suite_name);

TEST_P(AuditorFromTheMiddle, FollowsTheLogFromThere) {
  Auditor auditor = must(Auditor::from_view(log_.configuration(), log_.view()));
  EXPECT_EQ(auditor.size(), TreeSize{kStart});
  EXPECT_FALSE(auditor.has_processed());
  EXPECT_EQ(auditor.sign(log_.auditor_key()).error().code, Errc::unavailable);
  for (std::uint64_t i = kStart; i < 20; ++i) {
    const std::string name = std::to_string(i);
    must(auditor.process(log_.append(Timestamp{1'000 * (i + 1)}, {named_leaf("new " + name)}),
                         leaves_));
    const AuditorTreeHead head = must(auditor.sign(log_.auditor_key()));
    EXPECT_TRUE(log_.configuration().verify_auditor_tree_head(head, log_.view().root())) << i;
  }
}

TEST_P(AuditorFromTheMiddle, RefusesATimestampBeforeItsStart) {
  Auditor auditor = must(Auditor::from_view(log_.configuration(), log_.view()));
  const auto processed =
      auditor.process(log_.propose(Timestamp{1'499}, {named_leaf("new")}), leaves_);
  ASSERT_FALSE(processed.has_value());
  EXPECT_NE(processed.error().detail.find("step 1"), std::string::npos);
}

// Of a leaf from before its start it knows that the last entry before that had it.
TEST_P(AuditorFromTheMiddle, LeafFromBeforeItsStart) {
  Auditor auditor = must(Auditor::from_view(log_.configuration(), log_.view()));
  const PrefixLeaf old = named_leaf("old 1");
  const auto removal = [&](std::uint64_t timestamp) {
    return log_.propose(Timestamp{timestamp}, {successor_of(old)}, {old});
  };
  const Bytes before = must(auditor.serialize());
  const auto early = auditor.process(removal(2'199), leaves_);
  ASSERT_FALSE(early.has_value());
  EXPECT_NE(early.error().detail.find("step 5"), std::string::npos);
  EXPECT_EQ(must(auditor.serialize()), before);
  // Entry 4 is distinguished with an entry that follows the root, entry 3, by a window.
  EXPECT_TRUE(auditor.process(removal(2'200), leaves_).has_value());
}

TEST_P(AuditorFromTheMiddle, StartsNowhereElse) {
  const auto expect_rejected = [](const Result<Auditor>& auditor) {
    ASSERT_FALSE(auditor.has_value());
    EXPECT_EQ(auditor.error().code, Errc::rejected);
  };
  expect_rejected(Auditor::from_genesis(log_.configuration()));
  const TreeView view = log_.view();
  log_.append(Timestamp{9'000}, {named_leaf("new")});
  expect_rejected(Auditor::from_view(log_.configuration(), log_.view()));
  EXPECT_TRUE(Auditor::from_view(log_.configuration(), view).has_value());

  const AuditedLog from_genesis(GetParam());
  expect_rejected(Auditor::from_view(from_genesis.configuration(), view));
  for (const DeploymentMode mode :
       {DeploymentMode::contactMonitoring, DeploymentMode::thirdPartyManagement}) {
    const LogConfiguration unaudited = must(MemoryLog::create(test_configuration(GetParam(), mode),
                                                              test_keys(GetParam(), mode, 0)))
                                           .configuration();
    expect_rejected(Auditor::from_genesis(unaudited));
    expect_rejected(Auditor::from_view(unaudited, view));
  }
}

// --- The log's side --------------------------------------------------------------------------

TEST(ProveAuditorUpdate, TakesBetween1And255Changes) {
  const AuditedLog log(kEd25519Suite);
  const auto prove = [&log](std::size_t added) {
    return prove_auditor_update(log.nodes(), log.prefix_tree(), Timestamp{1},
                                named_leaves(added, "leaf "), {});
  };
  for (const std::size_t count : {std::size_t{0}, std::size_t{256}, std::size_t{1'000}}) {
    const auto update = prove(count);
    ASSERT_FALSE(update.has_value()) << count;
    EXPECT_EQ(update.error().code, Errc::rejected);
  }
  for (const std::size_t count : {std::size_t{1}, std::size_t{255}}) {
    const AuditorUpdate update = must(prove(count));
    EXPECT_EQ(update.added.size(), count);
    EXPECT_EQ(must(decode<AuditorUpdate>(must(encode(update)))), update);
  }
}

// Additions and removals count together.
TEST(ProveAuditorUpdate, CountsRemovalsToo) {
  AuditedLog log(kEd25519Suite);
  const std::vector<PrefixLeaf> old = named_leaves(128, "old ");
  log.append(Timestamp{1'000}, old);
  const auto prove = [&](std::size_t added) {
    return prove_auditor_update(log.nodes(), log.prefix_tree(), Timestamp{2'000},
                                named_leaves(added, "new "), old);
  };
  EXPECT_TRUE(prove(127).has_value());
  EXPECT_EQ(prove(128).error().code, Errc::rejected);
}

TEST(ProveAuditorUpdate, SortsTheLeaves) {
  AuditedLog log(kEd25519Suite);
  const std::vector<PrefixLeaf> old = named_leaves(20, "old ");
  log.append(Timestamp{1'000}, old);
  const AuditorUpdate update = log.propose(Timestamp{2'000}, named_leaves(20, "new "), old);
  for (const auto* const list : {&update.added, &update.removed}) {
    EXPECT_TRUE(std::is_sorted(list->begin(), list->end(), [](const auto& a, const auto& b) {
      return a.vrf_output < b.vrf_output;
    }));
  }
  EXPECT_EQ(update.proof.results.size(), 40U);
}

}  // namespace
}  // namespace kt::keytrans
