#include "keytrans/log_tree.h"

#include <algorithm>
#include <cstdint>
#include <iostream>
#include <limits>
#include <set>

#include <gtest/gtest.h>

#include "keytrans/hash.h"
#include "random_source.h"
#include "vector_cases.h"

namespace kt::keytrans {
namespace {

constexpr std::uint64_t kMaxSize = std::numeric_limits<std::uint64_t>::max();

// --- A naive log tree: recursion over all leaves, straight from "Log Tree" ---

HashValue naive_head(std::span<const HashValue> leaves) {
  if (leaves.size() == 1) return leaves.front();
  std::size_t left_size = 1;
  while (2 * left_size < leaves.size()) left_size *= 2;
  const auto left = leaves.first(left_size);
  const auto right = leaves.subspan(left_size);
  Bytes content;
  for (const auto half : {left, right}) {
    content.push_back(half.size() == 1 ? 0 : 1);
    const HashValue value = naive_head(half);
    content.insert(content.end(), value.begin(), value.end());
  }
  return sha256(content);
}

HashValue naive_root(std::span<const HashValue> leaves, TreeSize size) {
  return naive_head(leaves.first(size.value()));
}

std::vector<HashValue> naive_full_subtrees(std::span<const HashValue> leaves, TreeSize size) {
  std::vector<HashValue> heads;
  std::size_t start = 0;
  while (start < size.value()) {
    std::size_t width = 1;
    while (start + 2 * width <= size.value()) width *= 2;
    heads.push_back(naive_head(leaves.subspan(start, width)));
    start += width;
  }
  return heads;
}

MemoryLogTree tree_of(std::span<const HashValue> leaves) {
  MemoryLogTree tree;
  for (const HashValue& leaf : leaves) tree.append(leaf);
  return tree;
}

std::vector<LogLeaf> known_leaves(std::span<const HashValue> values,
                                  const std::vector<EntryIndex>& indices) {
  std::vector<LogLeaf> leaves;
  for (const EntryIndex index : indices) leaves.push_back({index, values[index.value()]});
  return leaves;
}

// --- Vectors ---

std::vector<HashValue> entry_leaves(const nlohmann::json& entries) {
  std::vector<HashValue> leaves;
  for (const auto& entry : entries) {
    leaves.push_back(log_leaf_value(Timestamp{entry.at("timestamp").get<std::uint64_t>()},
                                    hash_field(entry, "prefix_tree")));
  }
  return leaves;
}

class LogTreeVectors : public ::testing::TestWithParam<VectorCase> {};

TEST_P(LogTreeVectors, Match) {
  const auto& input = GetParam().input();
  const auto& expect = GetParam().expect();
  const auto leaves = entry_leaves(input.at("entries"));
  ASSERT_EQ(leaves, hash_list(expect.at("leaf_values")));
  const MemoryLogTree tree = tree_of(leaves);
  const TreeSize size = tree.size();
  const HashValue root = hash_field(expect, "root");
  EXPECT_EQ(log_root(size, hash_list(expect.at("full_subtrees"))), root);

  ASSERT_EQ(input.at("requests").size(), expect.at("proofs").size());
  for (std::size_t i = 0; i < input.at("requests").size(); ++i) {
    SCOPED_TRACE("request " + std::to_string(i));
    const auto& request = input.at("requests")[i];
    std::vector<EntryIndex> indices;
    for (const auto& leaf : request.at("proven_leaves")) {
      indices.push_back(EntryIndex{leaf.get<std::uint64_t>()});
    }
    std::vector<HashValue> heads;
    std::optional<RetainedSubtrees> retained;
    std::optional<TreeSize> retained_size;
    if (request.contains("retained_size")) {
      retained_size = TreeSize{request.at("retained_size").get<std::uint64_t>()};
      heads = naive_full_subtrees(leaves, *retained_size);
      retained = RetainedSubtrees{*retained_size, heads};
    }
    const auto elements = hash_list(expect.at("proofs")[i].at("elements"));
    EXPECT_EQ(prove_batch(tree, size, indices, retained_size, std::nullopt), elements);
    const auto values =
        evaluate_batch(size, known_leaves(leaves, indices), retained, std::nullopt, elements);
    ASSERT_TRUE(values) << values.error().detail;
    EXPECT_EQ(values->root(), root);
    EXPECT_EQ(values->full_subtrees(), hash_list(expect.at("full_subtrees")));
  }
}

INSTANTIATE_TEST_SUITE_P(Draft, LogTreeVectors,
                         ::testing::ValuesIn(vector_cases("keytrans/log-tree.json")), case_name);

class LogAppendVectors : public ::testing::TestWithParam<VectorCase> {};

TEST_P(LogAppendVectors, Match) {
  const auto& input = GetParam().input();
  const auto& expect = GetParam().expect();
  const auto leaves = hash_list(input.at("leaves"));
  const auto heads = hash_list(expect.at("full_subtrees"));
  const TreeSize size{input.at("size").get<std::uint64_t>()};
  EXPECT_EQ(entry_leaves(input.at("entries")).back(), leaves.back());
  EXPECT_EQ(naive_root(leaves, size), hash_field(expect, "root"));

  LogAccumulator grown;
  for (const HashValue& leaf : leaves) grown.append(leaf);
  EXPECT_EQ(grown.size(), size);
  EXPECT_EQ(grown.full_subtrees(), heads);
  EXPECT_EQ(grown.root(), hash_field(expect, "root"));

  // An auditor restarted one entry earlier ends in the same state.
  const TreeSize before{size.value() - 1};
  auto restored = LogAccumulator::create(before, naive_full_subtrees(leaves, before));
  ASSERT_TRUE(restored);
  restored->append(leaves.back());
  EXPECT_EQ(restored->full_subtrees(), heads);
}

INSTANTIATE_TEST_SUITE_P(Draft, LogAppendVectors,
                         ::testing::ValuesIn(vector_cases("keytrans/log-append.json")), case_name);

TEST(LogTree, VectorCounts) {
  const auto log_tree = vector_cases("keytrans/log-tree.json").size();
  const auto log_append = vector_cases("keytrans/log-append.json").size();
  std::cout << "log-tree.json: " << log_tree << " cases\n";
  EXPECT_EQ(log_tree, 19U);
  std::cout << "log-append.json: " << log_append << " cases\n";
  EXPECT_EQ(log_append, 64U);
}

// --- Random batch proofs ---

// A log, what a user knows of it, and the proof it is sent.
struct Scenario {
  std::vector<HashValue> leaves;
  TreeSize size;
  std::vector<EntryIndex> indices;
  std::optional<TreeSize> retained_size;
  std::vector<HashValue> retained_heads;
  std::optional<TreeSize> auditor;
  std::vector<HashValue> elements;

  [[nodiscard]] Result<LogTreeValues> evaluate(std::span<const LogLeaf> known,
                                               std::span<const HashValue> heads,
                                               std::span<const HashValue> proof) const {
    std::optional<RetainedSubtrees> retained;
    if (retained_size) retained = RetainedSubtrees{*retained_size, heads};
    return evaluate_batch(size, known, retained, auditor, proof);
  }
  [[nodiscard]] Result<LogTreeValues> evaluate() const {
    return evaluate(known_leaves(leaves, indices), retained_heads, elements);
  }
  [[nodiscard]] HashValue root() const { return naive_root(leaves, size); }
};

Scenario random_scenario(RandomSource& random, std::uint64_t most_leaves) {
  Scenario scenario;
  scenario.size = TreeSize{1 + random.below(most_leaves)};
  const std::uint64_t size = scenario.size.value();
  for (std::uint64_t i = 0; i < size; ++i) scenario.leaves.push_back(random.hash());
  std::set<EntryIndex> indices;
  for (std::uint64_t count = random.below(6); count > 0; --count) {
    indices.insert(EntryIndex{random.below(size)});
  }
  scenario.indices.assign(indices.begin(), indices.end());
  if (random.coin()) {
    scenario.retained_size = TreeSize{1 + random.below(size)};
    scenario.retained_heads = naive_full_subtrees(scenario.leaves, *scenario.retained_size);
  }
  if (random.coin()) scenario.auditor = TreeSize{1 + random.below(size)};
  auto elements = prove_batch(tree_of(scenario.leaves), scenario.size, scenario.indices,
                              scenario.retained_size, scenario.auditor);
  EXPECT_TRUE(elements);
  scenario.elements = *std::move(elements);
  return scenario;
}

TEST(LogTree, BatchProofsLeadToTheNaiveRoots) {
  RandomSource random;
  for (int round = 0; round < 1500; ++round) {
    const Scenario scenario = random_scenario(random, 130);
    const auto values = scenario.evaluate();
    ASSERT_TRUE(values) << values.error().detail;
    ASSERT_EQ(values->root(), scenario.root());
    ASSERT_EQ(values->full_subtrees(), naive_full_subtrees(scenario.leaves, scenario.size));

    // What the header says is always known, is; and whatever is known is right.
    std::set<TreeSize> always{scenario.size};
    if (scenario.auditor) always.insert(*scenario.auditor);
    if (scenario.retained_size) always.insert(*scenario.retained_size);
    for (const EntryIndex index : scenario.indices) always.insert(size_through(index));
    for (std::uint64_t n = 0; n <= scenario.size.value() + 1; ++n) {
      const auto root = values->root_at(TreeSize{n});
      ASSERT_EQ(root.has_value(), values->full_subtrees_at(TreeSize{n}).has_value());
      ASSERT_TRUE(root || !always.contains(TreeSize{n})) << n;
      if (!root) continue;
      ASSERT_EQ(root, naive_root(scenario.leaves, TreeSize{n}));
      ASSERT_EQ(values->full_subtrees_at(TreeSize{n}),
                naive_full_subtrees(scenario.leaves, TreeSize{n}));
    }
    if (scenario.retained_size) {
      ASSERT_EQ(values->full_subtrees_at(*scenario.retained_size), scenario.retained_heads);
    }
  }
}

// A changed input must end in an error or in another root.
void expect_refused(const Scenario& scenario, const Result<LogTreeValues>& values) {
  if (!values) {
    EXPECT_EQ(values.error().code, Errc::verification_failed);
    return;
  }
  EXPECT_NE(values->root(), scenario.root());
}

TEST(LogTree, EveryFlippedByteIsNoticed) {
  RandomSource random;
  for (int round = 0; round < 60; ++round) {
    const Scenario scenario = random_scenario(random, 40);
    const auto known = known_leaves(scenario.leaves, scenario.indices);
    for (std::size_t byte = 0; byte < sizeof(HashValue); ++byte) {
      const auto mask = static_cast<std::uint8_t>(1U << random.below(8));
      for (std::size_t i = 0; i < scenario.elements.size(); ++i) {
        auto elements = scenario.elements;
        elements[i][byte] ^= mask;
        expect_refused(scenario, scenario.evaluate(known, scenario.retained_heads, elements));
      }
      for (std::size_t i = 0; i < scenario.retained_heads.size(); ++i) {
        auto heads = scenario.retained_heads;
        heads[i][byte] ^= mask;
        expect_refused(scenario, scenario.evaluate(known, heads, scenario.elements));
      }
      for (std::size_t i = 0; i < known.size(); ++i) {
        auto changed = known;
        changed[i].value[byte] ^= mask;
        expect_refused(scenario,
                       scenario.evaluate(changed, scenario.retained_heads, scenario.elements));
      }
    }
  }
}

TEST(LogTree, EveryMissingExtraOrMovedElementIsNoticed) {
  RandomSource random;
  for (int round = 0; round < 200; ++round) {
    const Scenario scenario = random_scenario(random, 60);
    const auto known = known_leaves(scenario.leaves, scenario.indices);
    const auto evaluate = [&](const std::vector<HashValue>& elements) {
      return scenario.evaluate(known, scenario.retained_heads, elements);
    };
    auto extra = scenario.elements;
    extra.push_back(random.hash());
    EXPECT_FALSE(evaluate(extra));
    for (std::size_t i = 0; i < scenario.elements.size(); ++i) {
      const auto at = static_cast<std::ptrdiff_t>(i);
      auto dropped = scenario.elements;
      dropped.erase(dropped.begin() + at);
      EXPECT_FALSE(evaluate(dropped));
      auto doubled = scenario.elements;
      doubled.insert(doubled.begin() + at, doubled[i]);
      EXPECT_FALSE(evaluate(doubled));
      for (std::size_t j = 0; j < i; ++j) {
        auto swapped = scenario.elements;
        std::swap(swapped[i], swapped[j]);
        expect_refused(scenario, evaluate(swapped));
      }
    }
  }
}

// "Users MUST verify that the computed value for the head of any such subtree matches the retained
// value": a log that forks below a leaf it proves is caught although its new root is consistent.
TEST(LogTree, ForkUnderARetainedHeadIsNoticed) {
  RandomSource random;
  std::vector<HashValue> leaves;
  for (int i = 0; i < 8; ++i) leaves.push_back(random.hash());
  const auto heads = naive_full_subtrees(leaves, TreeSize{4});
  leaves[1] = random.hash();
  const MemoryLogTree forked = tree_of(leaves);

  const std::vector<EntryIndex> inside{EntryIndex{2}};
  const auto inclusion = prove_batch(forked, TreeSize{8}, inside, TreeSize{4}, std::nullopt);
  ASSERT_TRUE(inclusion);
  const RetainedSubtrees retained{TreeSize{4}, heads};
  const auto included =
      evaluate_batch(TreeSize{8}, known_leaves(leaves, inside), retained, std::nullopt, *inclusion);
  ASSERT_FALSE(included);
  EXPECT_EQ(included.error().code, Errc::verification_failed);
  EXPECT_NE(included.error().detail.find("retained subtree"), std::string::npos);

  // The same through an auditor's size inside the retained subtree.
  const auto audited = prove_batch(forked, TreeSize{8}, {}, TreeSize{4}, TreeSize{3});
  ASSERT_TRUE(audited);
  EXPECT_FALSE(evaluate_batch(TreeSize{8}, {}, retained, TreeSize{3}, *audited));
}

// --- Arguments ---

Errc evaluation_error(TreeSize size, std::span<const LogLeaf> leaves,
                      const std::optional<RetainedSubtrees>& retained,
                      std::optional<TreeSize> auditor) {
  const auto values = evaluate_batch(size, leaves, retained, auditor, {});
  EXPECT_FALSE(values);
  return values ? Errc::corrupt : values.error().code;
}

TEST(LogTree, RefusesSizesThatCannotBe) {
  const std::vector<HashValue> heads(2);
  const std::vector<LogLeaf> fifth{{EntryIndex{4}, {}}};
  EXPECT_EQ(evaluation_error(TreeSize{0}, {}, {}, {}), Errc::verification_failed);
  EXPECT_EQ(evaluation_error(TreeSize{4}, fifth, {}, {}), Errc::verification_failed);
  EXPECT_EQ(evaluation_error(TreeSize{4}, {}, RetainedSubtrees{TreeSize{5}, heads}, {}),
            Errc::verification_failed);
  EXPECT_EQ(evaluation_error(TreeSize{4}, {}, {}, TreeSize{5}), Errc::verification_failed);
  EXPECT_EQ(evaluation_error(TreeSize{8}, {}, RetainedSubtrees{TreeSize{4}, heads}, {}),
            Errc::malformed);
}

TEST(LogTree, HugeSizesReturnAtOnce) {
  for (const std::uint64_t size : {std::uint64_t{1} << 63, kMaxSize}) {
    std::vector<LogLeaf> leaves;
    for (std::uint64_t i = 0; i < 255; ++i) leaves.push_back({EntryIndex{size / 255 * i}, {}});
    EXPECT_EQ(evaluation_error(TreeSize{size}, leaves, {}, TreeSize{size - 1}),
              Errc::verification_failed);

    std::vector<EntryIndex> indices;
    for (const LogLeaf& leaf : leaves) indices.push_back(leaf.index);
    const std::vector<HashValue> elements(
        batch_copath(TreeSize{size}, indices, std::nullopt, std::nullopt).size());
    EXPECT_TRUE(evaluate_batch(TreeSize{size}, leaves, std::nullopt, std::nullopt, elements));
  }
}

// --- The two forms of a growing tree ---

TEST(LogTree, GrowingTreesAgreeWithTheNaiveOne) {
  RandomSource random;
  std::vector<HashValue> leaves;
  MemoryLogTree tree;
  LogAccumulator accumulator;
  EXPECT_EQ(tree.size(), TreeSize{0});
  for (std::uint64_t n = 1; n <= 130; ++n) {
    leaves.push_back(random.hash());
    tree.append(leaves.back());
    accumulator.append(leaves.back());
    ASSERT_EQ(tree.size(), TreeSize{n});
    ASSERT_EQ(accumulator.size(), TreeSize{n});
    ASSERT_EQ(accumulator.root(), naive_root(leaves, TreeSize{n}));
    ASSERT_EQ(accumulator.full_subtrees(), naive_full_subtrees(leaves, TreeSize{n}));
    for (std::uint8_t level = 0; level < 9; ++level) {
      const std::uint64_t width = std::uint64_t{1} << level;
      for (std::uint64_t start = 0; start <= n; start += width) {
        const auto value = tree.node({start, level});
        ASSERT_EQ(value.has_value(), start + width <= n);
        if (value) {
          ASSERT_EQ(*value, naive_head(std::span(leaves).subspan(start, width)));
        } else {
          ASSERT_EQ(value.error().code, Errc::not_found);
        }
      }
    }
  }
  EXPECT_FALSE(tree.node({0, 63}));
}

TEST(LogTree, AccumulatorGrowsToTheLastSize) {
  const TreeSize size{kMaxSize - 1};
  auto accumulator = LogAccumulator::create(size, std::vector<HashValue>(63));
  ASSERT_TRUE(accumulator);
  accumulator->append({});
  EXPECT_EQ(accumulator->size(), TreeSize{kMaxSize});
  EXPECT_EQ(accumulator->full_subtrees().size(), 64U);
}

TEST(LogTree, AccumulatorRefusesHeadsThatDoNotFit) {
  const auto short_of_one = LogAccumulator::create(TreeSize{7}, std::vector<HashValue>(2));
  ASSERT_FALSE(short_of_one);
  EXPECT_EQ(short_of_one.error().code, Errc::malformed);
  EXPECT_FALSE(LogAccumulator::create(TreeSize{0}, std::vector<HashValue>(1)));
  EXPECT_TRUE(LogAccumulator::create(TreeSize{0}, {}));
}

}  // namespace
}  // namespace kt::keytrans
