#include "keytrans/fork_evidence.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "forged_log.h"
#include "keytrans/hash.h"
#include "suites.h"

namespace kt::keytrans {
namespace {

// --- compare_heads ---------------------------------------------------------------------------

// A list of roots, one for each letter.
DistinguishedHead heads(std::string_view letters) {
  DistinguishedHead head;
  for (const char letter : letters) head.heads.push_back(sha256(to_bytes(std::string(1, letter))));
  return head;
}

struct Comparison {
  std::string_view a;
  std::string_view b;
  HeadComparison expected;
};

TEST(CompareHeads, EndsAndBeginnings) {
  constexpr auto kConsistent = HeadComparison::consistent;
  constexpr auto kInconsistent = HeadComparison::inconsistent;
  const Comparison comparisons[] = {
      {"a", "a", kConsistent},        {"abc", "abc", kConsistent},
      {"abc", "bcd", kConsistent},  // one saw a newer entry
      {"abc", "cde", kConsistent},  // with one in common
      {"abcd", "ab", kConsistent},  // a prefix
      {"abcd", "cd", kConsistent},  // a suffix
      {"abcd", "a", kConsistent},     {"abcd", "d", kConsistent},
      {"abc", "cdefgh", kConsistent}, {"ab", "ab", kConsistent},
      {"aab", "ab", kConsistent},     // the same root twice
      {"abcd", "bc", kInconsistent},  // in the middle: neither a prefix nor a suffix
      {"abcde", "c", kInconsistent},  {"abc", "def", kInconsistent},
      {"abc", "abd", kInconsistent},  {"abc", "xbc", kInconsistent},
      {"abc", "axc", kInconsistent},  {"abc", "bxd", kInconsistent},
      {"abc", "cba", kConsistent},  // c ends the one and begins the other
      {"ab", "ba", kConsistent},      {"abc", "bca", kConsistent},
      {"a", "b", kInconsistent},      {"", "", kInconsistent},
      {"", "a", kInconsistent},       {"", "abc", kInconsistent},
  };
  for (const Comparison& comparison : comparisons) {
    SCOPED_TRACE(std::string(comparison.a) + " and " + std::string(comparison.b));
    EXPECT_EQ(compare_heads(heads(comparison.a), heads(comparison.b)), comparison.expected);
    EXPECT_EQ(compare_heads(heads(comparison.b), heads(comparison.a)), comparison.expected);
  }
}

// --- Evidence --------------------------------------------------------------------------------

// Two logs with the same keys that have their first `common` entries in common. Entry i was made at
// (i + 1) seconds, so all are distinguished.
class ForkEvidenceTest : public ::testing::TestWithParam<CipherSuite> {
 protected:
  static constexpr std::uint64_t kEntries = 13;

  [[nodiscard]] ForgedLog branch(std::uint64_t common, const std::string& name,
                                 std::uint64_t size = kEntries) const {
    ForgedLog log(origin_.configuration().wire(), origin_.keys());
    for (std::uint64_t i = 0; i < size; ++i) {
      const std::string value = i < common ? "common" : name;
      log.append(Timestamp{1'000 * (i + 1)},
                 {{label_, Version{static_cast<std::uint32_t>(i)}, to_bytes(value)}});
    }
    return log;
  }

  [[nodiscard]] DistinguishedResponse walk(const LogSource& log) const {
    return must(prove_distinguished(log, DistinguishedRequest{}, recent_));
  }

  [[nodiscard]] Result<std::optional<ForkEvidence>> compare(const ForgedLog& a,
                                                            const ForgedLog& b) const {
    return find_fork(origin_.configuration(), walk(a), walk(b), recent_);
  }

  [[nodiscard]] ForkEvidence evidence(std::uint64_t common) const {
    const auto found = must(compare(branch(common, "first"), branch(common, "second")));
    EXPECT_TRUE(found.has_value());
    return found.value_or(ForkEvidence{});
  }

  static void expect_refused(const ForkEvidence& evidence, std::string_view about) {
    const auto verified = verify_fork_evidence(evidence);
    ASSERT_FALSE(verified.has_value());
    EXPECT_NE(verified.error().detail.find(about), std::string::npos)
        << verified.error().detail << " does not speak of " << about;
  }

  static Configuration configuration() {
    Configuration configuration = test_configuration(GetParam(), DeploymentMode::contactMonitoring);
    configuration.max_auditor_lag = 0;  // not on the wire in this mode
    return configuration;
  }

  const Label label_ = make_label("alice@example.com");
  const RecentPolicy recent_ = RecentPolicy::rightmost(4);
  ForgedLog origin_{configuration()};
};

INSTANTIATE_TEST_SUITE_P(, ForkEvidenceTest, ::testing::Values(kP256Suite, kEd25519Suite),
                         suite_name);

TEST_P(ForkEvidenceTest, IsFoundWhereverTheLogsPart) {
  for (std::uint64_t common = 0; common < kEntries; ++common) {
    SCOPED_TRACE(common);
    const ForkEvidence found = evidence(common);
    EXPECT_TRUE(verify_fork_evidence(found).has_value());
    EXPECT_GT(found.size, TreeSize{common});
    EXPECT_LE(found.size, TreeSize{kEntries});
    EXPECT_EQ(found.config, origin_.configuration().wire());
  }
}

// Of different sizes, one branch is compared where the other ends.
TEST_P(ForkEvidenceTest, IsFoundInLogsOfDifferentSizes) {
  for (const std::uint64_t size : {10U, 11U, 12U, 14U}) {
    SCOPED_TRACE(size);
    const auto found = must(compare(branch(5, "first"), branch(5, "second", size)));
    ASSERT_TRUE(found.has_value());
    EXPECT_TRUE(verify_fork_evidence(*found).has_value());
  }
}

TEST_P(ForkEvidenceTest, CannotBeMadeFromOneLog) {
  ForgedLog log = branch(kEntries, "");
  for (std::uint64_t size = 1; size <= kEntries; ++size) {
    SCOPED_TRACE(size);
    ForgedLog older = branch(kEntries, "", size);
    EXPECT_FALSE(must(compare(log, older)).has_value());
    EXPECT_FALSE(must(compare(older, log)).has_value());

    // Nor by whoever writes it: the branches have to differ, and each has to be signed.
    ForkEvidence forged = evidence(0);
    const auto branch_of = [&](TreeSize of) {
      ForkBranch made{must(log.tree_head()), {}, {}};
      for (const Subtree& subtree : full_subtrees(of))
        made.full_subtrees.push_back(must(log.log_nodes().node(subtree)));
      made.consistency.elements =
          must(prove_batch(log.log_nodes(), log.size(), {}, of, std::nullopt));
      return made;
    };
    forged.size = TreeSize{size};
    forged.branches = {branch_of(forged.size), branch_of(forged.size)};
    expect_refused(forged, "both branches have the same first entries");
    forged.branches[1].full_subtrees.back()[0] ^= 1;
    expect_refused(forged, "branch 1: TreeHead.signature");
  }
}

TEST_P(ForkEvidenceTest, IsNotFoundWhereNothingCanBeCompared) {
  // The younger log shows nothing of the entries at which the older one is known.
  const auto found = must(compare(branch(0, "first", 3), branch(0, "second", 40)));
  if (found) {
    EXPECT_TRUE(verify_fork_evidence(*found).has_value());
  }
  const auto same = must(compare(branch(40, "", 3), branch(40, "", 40)));
  EXPECT_FALSE(same.has_value());
}

TEST_P(ForkEvidenceTest, NeedsResponsesThatVerify) {
  const ForgedLog first = branch(5, "first");
  const ForgedLog second = branch(5, "second");
  const DistinguishedResponse honest = walk(first);
  const auto expect_refused_with = [&](const DistinguishedResponse& tampered) {
    for (const auto& result :
         {find_fork(origin_.configuration(), tampered, walk(second), recent_),
          find_fork(origin_.configuration(), walk(second), tampered, recent_)}) {
      ASSERT_FALSE(result.has_value());
      EXPECT_EQ(result.error().code, Errc::verification_failed);
    }
  };
  DistinguishedResponse tampered = honest;
  tampered.full_tree_head.tree_head.signature[0] ^= 1;
  expect_refused_with(tampered);
  tampered = honest;
  tampered.full_tree_head.tree_head.tree_size = TreeSize{0};
  expect_refused_with(tampered);
  tampered = honest;
  tampered.full_tree_head = FullTreeHead{};
  expect_refused_with(tampered);
  tampered = honest;
  tampered.distinguished.timestamps.pop_back();
  expect_refused_with(tampered);
  tampered = honest;
  tampered.distinguished.prefix_roots[0][0] ^= 1;
  expect_refused_with(tampered);

  // Of another log.
  const ForgedLog stranger(configuration());
  const auto other = find_fork(stranger.configuration(), walk(first), walk(second), recent_);
  ASSERT_FALSE(other.has_value());
  EXPECT_EQ(other.error().code, Errc::verification_failed);
}

TEST_P(ForkEvidenceTest, SurvivesStorage) {
  const ForkEvidence found = evidence(5);
  const Bytes stored = must(found.serialize());
  EXPECT_EQ(to_hex(ByteView(stored).first(8)), "4b54464f524b0001");
  EXPECT_EQ(must(ForkEvidence::parse(stored)), found);
  Bytes longer = stored;
  longer.push_back(0);
  EXPECT_EQ(ForkEvidence::parse(longer).error().code, Errc::malformed);
  Bytes other_version = stored;
  other_version[7] = 2;
  const auto parsed = ForkEvidence::parse(other_version);
  ASSERT_FALSE(parsed.has_value());
  EXPECT_NE(parsed.error().detail.find("ForkEvidence.magic"), std::string::npos);
}

TEST_P(ForkEvidenceTest, ThatWasTamperedWithIsRefused) {
  const ForkEvidence honest = evidence(5);
  ForkEvidence tampered = honest;
  tampered.size = TreeSize{0};
  expect_refused(tampered, "about no entry at all");
  tampered = honest;
  tampered.size = TreeSize{kEntries + 1};
  expect_refused(tampered, "branch 0");
  tampered = honest;
  tampered.branches[1] = tampered.branches[0];
  expect_refused(tampered, "both branches have the same first entries");
  tampered = honest;
  std::swap(tampered.branches[0].tree_head, tampered.branches[1].tree_head);
  expect_refused(tampered, "branch 0: TreeHead.signature");
  tampered = honest;
  std::swap(tampered.branches[0].full_subtrees, tampered.branches[1].full_subtrees);
  expect_refused(tampered, "branch 0: TreeHead.signature");
  tampered = honest;
  ++tampered.config.max_ahead;
  expect_refused(tampered, "branch 0: TreeHead.signature");
  tampered = honest;
  tampered.config.vrf_public_key.pop_back();
  EXPECT_FALSE(verify_fork_evidence(tampered).has_value());
  // The order of the branches says nothing.
  tampered = honest;
  std::swap(tampered.branches[0], tampered.branches[1]);
  EXPECT_TRUE(verify_fork_evidence(tampered).has_value());
}

// The heads that users compare are the roots at the same entries.
TEST_P(ForkEvidenceTest, HeadsOfOneLogAreConsistentAndOfAForkAreNot) {
  const auto known = [this](const ForgedLog& log) {
    ClientState state(log.configuration(), ContactPolicy::as_required, recent_);
    const DistinguishedRequest request = state.distinguished_request();
    const Timestamp now = must(log.entry(rightmost(log.size()))).timestamp;
    must(state.apply(must(state.verify(request, walk(log), now))));
    return distinguished_head(state.distinguished());
  };
  const ForgedLog log = branch(kEntries, "");
  EXPECT_EQ(known(log).heads.size(), 4U);
  EXPECT_EQ(known(log).heads.back(), log.root(log.size()));
  EXPECT_EQ(compare_heads(known(log), known(branch(kEntries, "", kEntries - 2))),
            HeadComparison::consistent);
  EXPECT_EQ(
      compare_heads(known(branch(kEntries - 2, "first")), known(branch(kEntries - 2, "second"))),
      HeadComparison::inconsistent);
}

// A log shows the same wherever two lists of it reach over the same entries, whenever they were
// made; a fork does not, from the first distinguished entry on that only one of the histories has.
TEST_P(ForkEvidenceTest, ListsOfOneLogAreTheSameAndOfAForkAreNot) {
  const auto known = [this](const ForgedLog& log) {
    ClientState state(log.configuration(), ContactPolicy::as_required, recent_);
    const Timestamp now = must(log.entry(rightmost(log.size()))).timestamp;
    must(state.apply(must(state.verify(state.distinguished_request(), walk(log), now))));
    return state.distinguished();
  };
  using Known = std::vector<KnownDistinguished>;
  const auto expect = [](ListComparison expected, const Known& a, const Known& b) {
    EXPECT_EQ(compare_lists(a, b), expected);
    EXPECT_EQ(compare_lists(b, a), expected);
  };
  const Known whole = known(branch(kEntries, ""));
  ASSERT_EQ(whole.size(), 4U);
  for (std::uint64_t size = 1; size <= kEntries; ++size) {
    SCOPED_TRACE(size);
    const Known earlier = known(branch(kEntries, "", size));
    const bool is_reached = earlier.back().position() >= whole.front().position();
    expect(is_reached ? ListComparison::same : ListComparison::apart, whole, earlier);
  }
  expect(ListComparison::apart, whole, {});
  expect(ListComparison::apart, {}, {});
  for (std::uint64_t common = 0; common < kEntries; ++common) {
    SCOPED_TRACE(common);
    expect(ListComparison::different, known(branch(common, "first")),
           known(branch(common, "second")));
  }
  // An entry that only one of them has.
  Known shorter = whole;
  shorter.erase(shorter.begin() + 1);
  expect(ListComparison::different, whole, shorter);
}

// Whatever times a log's entries are made at, its lists do not contradict one another.
TEST_P(ForkEvidenceTest, ListsOfALogThatGrowsNeverDiffer) {
  constexpr std::uint64_t kSizes = 40;
  std::vector<std::vector<KnownDistinguished>> lists;
  ForgedLog log(origin_.configuration().wire(), origin_.keys());
  std::uint64_t time = 1000;
  for (std::uint64_t i = 0; i < kSizes; ++i) {
    // Some of them close to the one before, and some far from it.
    time += (i * 7919) % 5 == 0 ? log.configuration().wire().reasonable_monitoring_window / 2 : 1;
    log.append(Timestamp{time}, {{label_, Version{static_cast<std::uint32_t>(i)}, {}}});
    ClientState state(log.configuration(), ContactPolicy::as_required, recent_);
    must(
        state.apply(must(state.verify(state.distinguished_request(), walk(log), Timestamp{time}))));
    lists.push_back(state.distinguished());
  }
  for (const auto& a : lists) {
    for (const auto& b : lists) EXPECT_NE(compare_lists(a, b), ListComparison::different);
  }
  EXPECT_EQ(compare_lists(lists.back(), lists[kSizes - 2]), ListComparison::same);
}

}  // namespace
}  // namespace kt::keytrans
