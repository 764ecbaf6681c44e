// The worked example of the appendix "CombinedTreeProof Implementation": a log of 13 entries, a
// user at 4, a label whose greatest version is 2. Element by element.

#include <gtest/gtest.h>

#include "keytrans/client_state.h"
#include "keytrans/ibst.h"
#include "test_log.h"

namespace kt::keytrans {
namespace {

using Type = PrefixSearchResultType;

class WorkedExample : public ::testing::Test {
 protected:
  // T_i is 1000 * (i + 1). T_12 - T_7 = 5000 and T_12 - T_11 = 1000, so a window of 2000 makes 7
  // and 11 the distinguished frontier entries, and 12 not one.
  WorkedExample() : log_(configuration()) {
    const Label other = make_label("bob@example.com");
    for (std::uint64_t i = 0; i < 13; ++i) {
      std::vector<TestLog::Update> updates{{other}};
      // Alice's versions 0, 1 and 2 are there well before entry 11.
      if (i == 1 || i == 5 || i == 6) updates.push_back({alice_});
      log_.append(timestamp(i), updates);
      if (i == 3) observe();
    }
  }

  static Configuration configuration() {
    Configuration configuration =
        test_configuration(CipherSuite::KT_128_SHA256_Ed25519, DeploymentMode::contactMonitoring);
    configuration.reasonable_monitoring_window = 2000;
    return configuration;
  }
  static Timestamp timestamp(std::uint64_t entry) { return Timestamp{1000 * (entry + 1)}; }

  // The user sees the tree of 4 entries.
  void observe() {
    user_.emplace(log_.configuration());
    const auto request = user_->search_request(make_label("bob@example.com"));
    const auto response = must(prove_search(log_.log(), request));
    must(user_->apply(must(user_->verify(request, response, log_.now()))));
  }

  [[nodiscard]] HashValue node(std::uint64_t start, std::uint8_t level) const {
    return must(log_.log().log_nodes().node(Subtree{start, level}));
  }
  [[nodiscard]] HashValue prefix_root(std::uint64_t entry) const {
    return must(log_.log().entry(EntryIndex{entry})).prefix_tree;
  }

  Label alice_ = make_label("alice@example.com");
  TestLog log_;
  std::optional<ClientState> user_;
};

std::vector<Type> types_of(const PrefixProof& proof) {
  std::vector<Type> types;
  for (const auto& result : proof.results)
    types.push_back(result.result_type == Type::inclusion ? Type::inclusion
                                                          : Type::nonInclusionLeaf);
  return types;
}

TEST_F(WorkedExample, TheUserRetainsOneSubtreeAndOneEntry) {
  const TreeView& view = *user_->view();
  EXPECT_EQ(view.size, TreeSize{4});
  EXPECT_EQ(view.full_subtrees, (std::vector<HashValue>{node(0, 2)}));
  EXPECT_EQ(view.frontier_entries, (std::vector<LogEntry>{{timestamp(3), prefix_root(3)}}));
}

TEST_F(WorkedExample, EveryElementIsTheOneTheDraftNames) {
  ASSERT_EQ(frontier(TreeSize{13}),
            (std::vector<EntryIndex>{EntryIndex{7}, EntryIndex{11}, EntryIndex{12}}));
  const auto request = user_->search_request(alice_);
  EXPECT_EQ(request.last, TreeSize{4});
  const auto response = must(prove_search(log_.log(), request));

  EXPECT_EQ(response.version, Version{2});
  EXPECT_EQ(base_binary_ladder(Version{2}),
            (std::vector<Version>{Version{0}, Version{1}, Version{3}, Version{2}}));
  EXPECT_EQ(response.binary_ladder.size(), 4U);

  const CombinedTreeProof& proof = response.search;
  EXPECT_EQ(proof.timestamps, (std::vector<Timestamp>{timestamp(7), timestamp(11), timestamp(12)}));

  // Entry 11: inclusion of 0, inclusion of 1, non-inclusion of 3, inclusion of 2. Entry 12: only
  // the non-inclusion of 3.
  ASSERT_EQ(proof.prefix_proofs.size(), 2U);
  EXPECT_EQ(types_of(proof.prefix_proofs[0]),
            (std::vector<Type>{Type::inclusion, Type::inclusion, Type::nonInclusionLeaf,
                               Type::inclusion}));
  EXPECT_EQ(types_of(proof.prefix_proofs[1]), (std::vector<Type>{Type::nonInclusionLeaf}));

  // Entry 7 has a timestamp and no prefix proof.
  EXPECT_EQ(proof.prefix_roots, (std::vector<HashValue>{prefix_root(7)}));

  // Leaves 4 and 5, leaf 6, leaves 8 and 9, leaf 10.
  EXPECT_EQ(proof.inclusion.elements,
            (std::vector<HashValue>{node(4, 1), node(6, 0), node(8, 1), node(10, 0)}));
}

TEST_F(WorkedExample, TheUserVerifiesItAndRetainsTheNewFrontier) {
  const auto request = user_->search_request(alice_);
  const auto response =
      over_the_wire(must(prove_search(log_.log(), request)), log_.configuration().context());
  const auto outcome = must(user_->apply(must(user_->verify(request, response, log_.now()))));
  EXPECT_EQ(outcome.version, Version{2});
  EXPECT_EQ(outcome.value, TestLog::value_of(alice_, Version{2}));
  EXPECT_EQ(outcome.terminal, (Terminal{EntryIndex{11}, false}));
  EXPECT_FALSE(outcome.must_monitor);

  const TreeView& view = *user_->view();
  EXPECT_EQ(view.full_subtrees, (std::vector<HashValue>{node(0, 3), node(8, 2), node(12, 0)}));
  EXPECT_EQ(view.frontier_entries, (std::vector<LogEntry>{{timestamp(7), prefix_root(7)},
                                                          {timestamp(11), prefix_root(11)},
                                                          {timestamp(12), prefix_root(12)}}));
}

}  // namespace
}  // namespace kt::keytrans
