#include "keytrans/prefix_tree.h"

#include <algorithm>
#include <cstdint>
#include <iostream>
#include <set>

#include <gtest/gtest.h>

#include "prefix_model.h"
#include "random_source.h"
#include "vector_cases.h"

namespace kt::keytrans {
namespace {

using Type = PrefixSearchResultType;

// A tree in memory and its root.
struct Tree {
  MemoryPrefixNodes nodes;
  PrefixChild root;
};

Tree tree_of(std::span<const PrefixLeaf> leaves) {
  Tree tree;
  const auto root = prefix_update(tree.nodes, tree.root, leaves, {});
  EXPECT_TRUE(root) << root.error().detail;
  if (root) tree.root = *root;
  return tree;
}

PrefixSearchAnswer search(const Tree& tree, std::span<const HashValue> keys) {
  auto answer = prefix_search(tree.nodes, tree.root, keys);
  EXPECT_TRUE(answer);
  return answer ? *std::move(answer) : PrefixSearchAnswer{};
}

// What a user knows who was given the commitments of an answer.
std::vector<PrefixLookup> lookups(std::span<const HashValue> keys,
                                  const PrefixSearchAnswer& answer) {
  std::vector<PrefixLookup> result;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    result.push_back({keys[i], answer.commitments[i]});
  }
  return result;
}

PrefixLeaf leaf_field(const nlohmann::json& object) {
  return {hash_field(object, "vrf_output"), hash_field(object, "commitment")};
}

// --- Vectors ---

std::vector<PrefixSearchResult> result_list(const nlohmann::json& list) {
  std::vector<PrefixSearchResult> results;
  for (const auto& object : list) {
    PrefixSearchResult result;
    result.result_type = static_cast<Type>(object.at("result_type").get<std::uint8_t>());
    result.depth = object.at("depth").get<std::uint8_t>();
    if (object.contains("leaf")) result.leaf = leaf_field(object.at("leaf"));
    results.push_back(result);
  }
  return results;
}

class PrefixTreeVectors : public ::testing::TestWithParam<VectorCase> {};

TEST_P(PrefixTreeVectors, Match) {
  const auto& input = GetParam().input();
  const auto& expect = GetParam().expect();
  const HashValue root = hash_field(expect, "root");

  // One at a time, as the vector says, and all in one batch.
  Tree tree;
  std::vector<PrefixLeaf> leaves;
  for (const auto& entry : input.at("entries")) {
    leaves.push_back(leaf_field(entry));
    const auto next = prefix_update(tree.nodes, tree.root, std::span(&leaves.back(), 1), {});
    ASSERT_TRUE(next) << next.error().detail;
    tree.root = *next;
  }
  EXPECT_EQ(tree.root.hash, root);
  EXPECT_EQ(tree_of(leaves).root.hash, root);

  const auto keys = hash_list(input.at("searches"));
  const PrefixSearchAnswer answer = search(tree, keys);
  EXPECT_EQ(answer.proof.results, result_list(expect.at("results")));
  EXPECT_EQ(answer.proof.elements, hash_list(expect.at("elements")));
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto text = expect.at("commitments")[i].get<std::string>();
    EXPECT_EQ(answer.commitments[i] ? to_hex(*answer.commitments[i]) : "", text);
  }
  EXPECT_EQ(evaluate_prefix_proof(lookups(keys, answer), answer.proof), root);
}

INSTANTIATE_TEST_SUITE_P(Draft, PrefixTreeVectors,
                         ::testing::ValuesIn(vector_cases("keytrans/prefix-tree.json")), case_name);

TEST(PrefixTree, VectorCounts) {
  const auto prefix_tree = vector_cases("keytrans/prefix-tree.json").size();
  std::cout << "prefix-tree.json: " << prefix_tree << " cases\n";
  EXPECT_EQ(prefix_tree, 11U);
}

// --- Round trips ---

// Some keys that are in the tree and some that are not, in any order, perhaps some of them twice.
std::vector<HashValue> random_keys(RandomSource& random, const std::vector<PrefixLeaf>& leaves) {
  std::vector<HashValue> keys;
  for (std::uint64_t count = random.below(12); count > 0; --count) {
    if (!leaves.empty() && random.coin()) {
      keys.push_back(leaves[random.below(leaves.size())].vrf_output);
    } else {
      keys.push_back(random_key(random, leaves));
    }
  }
  return keys;
}

TEST(PrefixTree, SearchesMatchTheModelAndLeadToTheRoot) {
  RandomSource random;
  for (int round = 0; round < 400; ++round) {
    const auto leaves = random_prefix_leaves(random, random.below(40));
    PrefixModel model;
    for (const PrefixLeaf& leaf : leaves) model.set(leaf);
    const Tree tree = tree_of(leaves);
    ASSERT_EQ(tree.root.hash, model.root());

    const auto keys = random_keys(random, leaves);
    const PrefixSearchAnswer answer = search(tree, keys);
    for (std::size_t i = 0; i < keys.size(); ++i) {
      ASSERT_EQ(answer.proof.results[i], model.search(keys[i]));
      ASSERT_EQ(answer.commitments[i], model.find(keys[i]));
    }
    const auto root = evaluate_prefix_proof(lookups(keys, answer), answer.proof);
    ASSERT_TRUE(root) << root.error().detail;
    ASSERT_EQ(*root, model.root());
  }
}

TEST(PrefixTree, ShapeDoesNotDependOnOrder) {
  RandomSource random;
  const auto leaves = random_prefix_leaves(random, 60);
  const HashValue root = tree_of(leaves).root.hash;
  Tree tree;
  for (auto leaf = leaves.rbegin(); leaf != leaves.rend(); ++leaf) {
    const auto next = prefix_update(tree.nodes, tree.root, std::span(&*leaf, 1), {});
    ASSERT_TRUE(next);
    tree.root = *next;
  }
  EXPECT_EQ(tree.root.hash, root);
}

// Known gap 2: the root of the tree without keys is all zero.
TEST(PrefixTree, EmptyTree) {
  const std::vector<HashValue> keys(3, HashValue{0x80});
  const PrefixSearchAnswer answer = search(Tree{}, keys);
  for (const PrefixSearchResult& result : answer.proof.results) {
    EXPECT_EQ(result, (PrefixSearchResult{Type::nonInclusionParent, std::nullopt, 0}));
  }
  EXPECT_TRUE(answer.proof.elements.empty());
  EXPECT_EQ(evaluate_prefix_proof(lookups(keys, answer), answer.proof), HashValue{});
}

TEST(PrefixTree, WithoutLookupsTheProofIsTheRoot) {
  RandomSource random;
  const Tree tree = tree_of(random_prefix_leaves(random, 5));
  const PrefixSearchAnswer answer = search(tree, {});
  EXPECT_EQ(answer.proof, (PrefixProof{{}, {tree.root.hash}}));
  EXPECT_EQ(evaluate_prefix_proof({}, answer.proof), tree.root.hash);
  EXPECT_FALSE(evaluate_prefix_proof({}, PrefixProof{}));
  EXPECT_FALSE(evaluate_prefix_proof({}, PrefixProof{{}, {HashValue{}, HashValue{}}}));
}

// Two keys that share 254 bits have their leaves at the greatest depth there is.
TEST(PrefixTree, LeavesAtTheGreatestDepth) {
  std::vector<PrefixLeaf> leaves(2);
  leaves[1].vrf_output[31] = 0x02;
  HashValue absent{};
  absent[31] = 0x03;
  const Tree tree = tree_of(leaves);
  const std::vector<HashValue> keys{leaves[0].vrf_output, leaves[1].vrf_output, absent};
  const PrefixSearchAnswer answer = search(tree, keys);
  EXPECT_EQ(answer.proof.results[0].depth, 255);
  EXPECT_EQ(answer.proof.results[2], (PrefixSearchResult{Type::nonInclusionLeaf, leaves[1], 255}));
  EXPECT_EQ(answer.proof.elements.size(), 254U);
  EXPECT_EQ(evaluate_prefix_proof(lookups(keys, answer), answer.proof), tree.root.hash);
}

// --- Tampering ---

struct Attack {
  std::vector<PrefixLookup> lookups;
  PrefixProof proof;
};

// A tree and a proof from it, to be tampered with.
struct Target {
  HashValue root{};
  Attack honest;

  // A changed proof must end in an error or in another root.
  void expect_refused(const Attack& attack, const std::string& what) const {
    const auto result = evaluate_prefix_proof(attack.lookups, attack.proof);
    EXPECT_TRUE(!result || *result != root) << what;
  }
};

Target random_target(RandomSource& random) {
  const auto leaves = random_prefix_leaves(random, 1 + random.below(20));
  const Tree tree = tree_of(leaves);
  const auto keys = random_keys(random, leaves);
  const PrefixSearchAnswer answer = search(tree, keys);
  return {tree.root.hash, {lookups(keys, answer), answer.proof}};
}

TEST(PrefixTree, EveryFlippedByteIsNoticed) {
  RandomSource random;
  for (int round = 0; round < 15; ++round) {
    const Target target = random_target(random);
    for (std::size_t byte = 0; byte < sizeof(HashValue); ++byte) {
      const auto mask = static_cast<std::uint8_t>(1U << random.below(8));
      for (std::size_t i = 0; i < target.honest.proof.elements.size(); ++i) {
        Attack attack = target.honest;
        attack.proof.elements[i][byte] ^= mask;
        target.expect_refused(attack, "element");
      }
      for (std::size_t i = 0; i < target.honest.proof.results.size(); ++i) {
        if (target.honest.proof.results[i].leaf) {
          Attack attack = target.honest;
          attack.proof.results[i].leaf->vrf_output[byte] ^= mask;
          target.expect_refused(attack, "leaf vrf_output");
          attack = target.honest;
          attack.proof.results[i].leaf->commitment[byte] ^= mask;
          target.expect_refused(attack, "leaf commitment");
        }
        if (target.honest.proof.results[i].result_type == Type::inclusion) {
          Attack attack = target.honest;
          (*attack.lookups[i].commitment)[byte] ^= mask;
          target.expect_refused(attack, "commitment");
          attack = target.honest;
          attack.lookups[i].vrf_output[byte] ^= mask;
          target.expect_refused(attack, "vrf_output");
        }
      }
    }
  }
}

TEST(PrefixTree, EveryOtherDepthAndTypeIsNoticed) {
  RandomSource random;
  for (int round = 0; round < 20; ++round) {
    const Target target = random_target(random);
    for (std::size_t i = 0; i < target.honest.proof.results.size(); ++i) {
      for (unsigned depth = 0; depth <= 255; ++depth) {
        Attack attack = target.honest;
        if (attack.proof.results[i].depth == depth) continue;
        attack.proof.results[i].depth = static_cast<std::uint8_t>(depth);
        target.expect_refused(attack, "depth");
      }
      for (unsigned type = 0; type <= 255; ++type) {
        Attack attack = target.honest;
        if (attack.proof.results[i].result_type == static_cast<Type>(type)) continue;
        attack.proof.results[i].result_type = static_cast<Type>(type);
        attack.lookups[i].commitment = HashValue{};
        target.expect_refused(attack, "type");
        attack.proof.results[i].leaf = std::nullopt;
        target.expect_refused(attack, "type without leaf");
      }
    }
  }
}

TEST(PrefixTree, EveryMissingExtraOrMovedPartIsNoticed) {
  RandomSource random;
  for (int round = 0; round < 40; ++round) {
    const Target target = random_target(random);
    const auto refuse_edits = [&target](auto member, const std::string& what) {
      const auto& honest = target.honest.proof.*member;
      for (std::size_t i = 0; i < honest.size(); ++i) {
        const auto at = static_cast<std::ptrdiff_t>(i);
        Attack attack = target.honest;
        auto& changed = attack.proof.*member;
        changed.erase(changed.begin() + at);
        EXPECT_FALSE(evaluate_prefix_proof(attack.lookups, attack.proof)) << what;
        changed = honest;
        changed.insert(changed.begin() + at, honest[i]);
        EXPECT_FALSE(evaluate_prefix_proof(attack.lookups, attack.proof)) << what;
        for (std::size_t j = 0; j < i; ++j) {
          if (honest[i] == honest[j]) continue;
          changed = honest;
          std::swap(changed[i], changed[j]);
          target.expect_refused(attack, what);
        }
      }
    };
    refuse_edits(&PrefixProof::elements, "elements");
    refuse_edits(&PrefixProof::results, "results");
  }
}

// --- What a proof must not say, one by one ---

HashValue key_of(std::uint8_t first) { return HashValue{first}; }

void expect_error(std::span<const PrefixLookup> lookups, const PrefixProof& proof, Errc code,
                  const std::string& detail) {
  const auto result = evaluate_prefix_proof(lookups, proof);
  ASSERT_FALSE(result) << detail;
  EXPECT_EQ(result.error().code, code) << detail;
  EXPECT_NE(result.error().detail.find(detail), std::string::npos) << result.error().detail;
}

TEST(PrefixTree, RefusesMalformedResults) {
  const std::vector<PrefixLookup> one{{key_of(0x00), HashValue{}}};
  const PrefixLeaf other{key_of(0x01), {}};
  expect_error(one, {{{Type::inclusion, other, 0}}, {}}, Errc::malformed, "disagree on a leaf");
  expect_error(one, {{{Type::nonInclusionParent, other, 0}}, {}}, Errc::malformed,
               "disagree on a leaf");
  expect_error(one, {{{Type::nonInclusionLeaf, std::nullopt, 0}}, {}}, Errc::malformed,
               "disagree on a leaf");
  expect_error(one, {{{static_cast<Type>(4), std::nullopt, 0}}, {}}, Errc::malformed,
               "unknown type");
}

TEST(PrefixTree, RefusesResultsThatDoNotAnswerTheLookup) {
  const std::vector<PrefixLookup> one{{key_of(0x00), std::nullopt}};
  const PrefixLeaf itself{key_of(0x00), {}};
  const PrefixLeaf elsewhere{key_of(0x80), {}};
  expect_error(one, {}, Errc::verification_failed, "0 results for 1 lookups");
  expect_error({}, {{{Type::nonInclusionParent, std::nullopt, 0}}, {}}, Errc::verification_failed,
               "1 results for 0 lookups");
  expect_error(one, {{{Type::inclusion, std::nullopt, 0}}, {}}, Errc::verification_failed,
               "without a known commitment");
  expect_error(one, {{{Type::nonInclusionLeaf, itself, 0}}, {}}, Errc::verification_failed,
               "the key itself");
  expect_error(one, {{{Type::nonInclusionLeaf, elsewhere, 1}}, {HashValue{1}}},
               Errc::verification_failed, "another place");
  EXPECT_TRUE(evaluate_prefix_proof(one, {{{Type::nonInclusionLeaf, elsewhere, 0}}, {}}));
}

TEST(PrefixTree, RefusesResultsThatContradictEachOther) {
  const std::vector<PrefixLookup> two{{key_of(0x00), HashValue{}}, {key_of(0x01), HashValue{}}};
  const PrefixSearchResult included{Type::inclusion, std::nullopt, 1};
  const PrefixSearchResult missing{Type::nonInclusionParent, std::nullopt, 1};
  PrefixSearchResult deeper = included;
  deeper.depth = 8;
  // Two different leaves, and a leaf and none, at one place.
  expect_error(two, {{included, included}, {HashValue{1}}}, Errc::verification_failed,
               "disagree on a terminal node");
  expect_error(two, {{included, missing}, {HashValue{1}}}, Errc::verification_failed,
               "disagree on a terminal node");
  // One terminal node above another.
  expect_error(two, {{included, deeper}, std::vector<HashValue>(8, HashValue{1})},
               Errc::verification_failed, "above another's terminal node");
  // Both searches ended at the first key's leaf: that is consistent.
  const PrefixSearchResult first{Type::nonInclusionLeaf, PrefixLeaf{key_of(0x00), {}}, 1};
  EXPECT_TRUE(evaluate_prefix_proof(two, {{included, first}, {HashValue{1}}}));
}

TEST(PrefixTree, RefusesAParentWithoutChildren) {
  const std::vector<PrefixLookup> one{{key_of(0x00), std::nullopt}};
  expect_error(one, {{{Type::nonInclusionParent, std::nullopt, 1}}, {HashValue{}}},
               Errc::verification_failed, "without children");
  EXPECT_TRUE(
      evaluate_prefix_proof(one, {{{Type::nonInclusionParent, std::nullopt, 1}}, {HashValue{1}}}));
}

TEST(PrefixTree, RefusesTooFewAndTooManyElements) {
  const std::vector<PrefixLookup> one{{key_of(0x00), HashValue{}}};
  const PrefixSearchResult deepest{Type::inclusion, std::nullopt, 255};
  expect_error(one, {{deepest}, std::vector<HashValue>(254, HashValue{1})},
               Errc::verification_failed, "lacks elements");
  expect_error(one, {{deepest}, std::vector<HashValue>(256, HashValue{1})},
               Errc::verification_failed, "more elements");
  EXPECT_TRUE(evaluate_prefix_proof(one, {{deepest}, std::vector<HashValue>(255, HashValue{1})}));
}

// --- The store ---

// Counts reads.
class CountingNodes final : public PrefixNodes {
 public:
  explicit CountingNodes(const PrefixNodes& nodes) : nodes_(nodes) {}
  Result<PrefixNode> get(PrefixNodeRef ref) const override {
    reads_.insert(ref);
    return nodes_.get(ref);
  }
  [[nodiscard]] const std::multiset<PrefixNodeRef>& reads() const { return reads_; }

 private:
  const PrefixNodes& nodes_;
  mutable std::multiset<PrefixNodeRef> reads_;
};

TEST(PrefixTree, SearchReadsEachNodeOfItsPathsOnce) {
  RandomSource random;
  const auto leaves = random_prefix_leaves(random, 200);
  const Tree tree = tree_of(leaves);
  const auto keys = random_keys(random, leaves);
  const CountingNodes counting(tree.nodes);
  ASSERT_TRUE(prefix_search(counting, tree.root, keys));
  std::size_t most = 0;
  for (const PrefixSearchResult& result : search(tree, keys).proof.results) {
    most += result.depth + 1U;
  }
  EXPECT_LE(counting.reads().size(), most);
  const std::set<PrefixNodeRef> different(counting.reads().begin(), counting.reads().end());
  EXPECT_EQ(counting.reads().size(), different.size());
}

TEST(PrefixTree, ReportsAStoreThatContradictsItself) {
  const PrefixChild nowhere{7, HashValue{1}};
  const std::vector<HashValue> keys{key_of(0)};
  const auto dangling = prefix_search(MemoryPrefixNodes(), nowhere, keys);
  ASSERT_FALSE(dangling);
  EXPECT_EQ(dangling.error().code, Errc::corrupt);

  // A parent that is its own child.
  MemoryPrefixNodes nodes;
  const PrefixChild itself{1, HashValue{1}};
  ASSERT_EQ(nodes.put(PrefixParent{{itself, itself}}), PrefixNodeRef{1});
  const auto cycle = prefix_search(nodes, itself, keys);
  ASSERT_FALSE(cycle);
  EXPECT_EQ(cycle.error().code, Errc::corrupt);
  const auto update = prefix_update(nodes, itself, {}, keys);
  ASSERT_FALSE(update);
  EXPECT_EQ(update.error().code, Errc::corrupt);
}

}  // namespace
}  // namespace kt::keytrans
