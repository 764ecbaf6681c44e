// The naive model against the draft's own examples, by which it stands without the library.

#include "naive_model.h"

#include <gtest/gtest.h>

#include "naive_proof.h"
#include "test_log.h"

namespace kt::keytrans {
namespace {

NaiveLog make_log(std::uint64_t window, const std::vector<std::uint64_t>& timestamps) {
  NaiveLog log;
  log.reasonable_monitoring_window = window;
  for (const std::uint64_t timestamp : timestamps) log.append(Timestamp{timestamp}, {});
  return log;
}

std::vector<std::uint64_t> values(const std::vector<EntryIndex>& entries) {
  std::vector<std::uint64_t> values;
  for (const EntryIndex entry : entries) values.push_back(entry.value());
  return values;
}

using Numbers = std::vector<std::uint64_t>;

// "Implicit Binary Search Tree".
TEST(NaiveModel, Frontiers) {
  const NaiveLog log = make_log(0, Numbers(50, 0));
  EXPECT_EQ(values(NaiveTree(log, TreeSize{50}).frontier()), (Numbers{31, 47, 49}));
  EXPECT_EQ(values(NaiveTree(log, TreeSize{13}).frontier()), (Numbers{7, 11, 12}));
  EXPECT_EQ(values(NaiveTree(log, TreeSize{1}).frontier()), (Numbers{0}));
}

// "Reasonable Monitoring Window": "this ensures correct behavior when the RMW is zero".
TEST(NaiveModel, EveryEntryIsDistinguishedIfTheWindowIsZero) {
  const NaiveLog log = make_log(0, Numbers(5, 7));
  EXPECT_EQ(values(NaiveTree(log, TreeSize{5}).distinguished()), (Numbers{0, 1, 2, 3, 4}));
}

// "Binary Ladder".
TEST(NaiveModel, LadderForVersionSix) {
  EXPECT_EQ(naive_base_ladder(6), (Numbers{0, 1, 3, 7, 5, 6}));
}

// The appendix's worked example: 13 entries, a user at 4, a label whose greatest version is 2.
TEST(NaiveModel, WorkedExample) {
  NaiveLog log = make_log(10, {});
  log.append(Timestamp{100}, {{make_label("alice"), {Bytes{0}, Bytes{1}, Bytes{2}}}});
  for (std::uint64_t entry = 1; entry <= 12; ++entry)
    log.append(Timestamp{entry < 8 ? 100U : entry < 12 ? 109U : 110U}, {});
  const NaiveTree tree(log, TreeSize{13});
  ASSERT_EQ(tree.rightmost_distinguished(), EntryIndex{11});

  NaiveProof proof(tree, TreeSize{4});
  proof.search_greatest(make_label("alice"));
  EXPECT_EQ(values(proof.timestamps()), (Numbers{7, 11, 12}));
  EXPECT_EQ(proof.lookups(),
            (std::vector<NaiveProof::Lookups>{{EntryIndex{11}, {true, true, false, true}},
                                              {EntryIndex{12}, {false}}}));
  EXPECT_EQ(values(proof.prefix_roots()), (Numbers{7}));
}

// "Updating Views of the Tree", as HEAD has it: for a user at 8 and a log of 13, 11 and 12.
TEST(NaiveModel, ViewIsUpdatedFromTheFrontier) {
  const NaiveLog log = make_log(0, Numbers(13, 0));
  const NaiveTree tree(log, TreeSize{13});
  EXPECT_EQ(values(NaiveProof(tree, TreeSize{8}).timestamps()), (Numbers{11, 12}));
}

}  // namespace
}  // namespace kt::keytrans
