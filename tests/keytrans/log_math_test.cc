#include "keytrans/log_math.h"

#include <algorithm>
#include <cstdint>
#include <iostream>
#include <limits>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "random_source.h"
#include "vector_cases.h"

namespace kt::keytrans {
namespace {

constexpr std::uint64_t kMaxSize = std::numeric_limits<std::uint64_t>::max();

std::vector<EntryIndex> entries(const std::vector<std::uint64_t>& numbers) {
  std::vector<EntryIndex> result;
  for (const std::uint64_t number : numbers) result.push_back(EntryIndex{number});
  return result;
}

// --- Vectors ---

// The vectors' number for a balanced subtree.
std::uint64_t flat_index(Subtree node) {
  return 2 * node.start + (std::uint64_t{1} << node.level) - 1;
}

std::vector<Subtree> computed(const nlohmann::json& input) {
  const TreeSize size{input.at("size").get<std::uint64_t>()};
  const auto kind = input.at("kind").get<std::string>();
  if (kind == "full-subtrees") return full_subtrees(size);
  if (kind != "batch-copath") throw std::runtime_error("unknown kind of log-math case: " + kind);
  std::optional<TreeSize> retained;
  if (input.contains("retained_size")) {
    retained = TreeSize{input.at("retained_size").get<std::uint64_t>()};
  }
  return batch_copath(size, entries(input.at("leaves").get<std::vector<std::uint64_t>>()), retained,
                      std::nullopt);
}

// The cases for one tree size; one test each keeps ctest quick.
struct SizeGroup {
  std::uint64_t size = 0;
  std::vector<VectorCase> cases;

  friend std::ostream& operator<<(std::ostream& out, const SizeGroup& group) {
    return out << group.cases.size() << " cases";
  }
};

std::vector<SizeGroup> size_groups() {
  std::map<std::uint64_t, SizeGroup> groups;
  for (const VectorCase& vector : vector_cases("keytrans/log-math.json")) {
    const auto size = vector.input().at("size").get<std::uint64_t>();
    groups[size].size = size;
    groups[size].cases.push_back(vector);
  }
  std::vector<SizeGroup> result;
  for (const auto& [size, group] : groups) result.push_back(group);
  return result;
}

std::string group_name(const ::testing::TestParamInfo<SizeGroup>& info) {
  return "size_" + std::to_string(info.param.size);
}

class LogMathVectors : public ::testing::TestWithParam<SizeGroup> {};

TEST_P(LogMathVectors, Match) {
  for (const VectorCase& vector : GetParam().cases) {
    std::vector<std::uint64_t> indices;
    for (const Subtree node : computed(vector.input())) indices.push_back(flat_index(node));
    EXPECT_EQ(indices, vector.expect().at("indices").get<std::vector<std::uint64_t>>())
        << vector.name;
  }
  std::cout << GetParam().cases.size() << " cases ran\n";
}

INSTANTIATE_TEST_SUITE_P(Draft, LogMathVectors, ::testing::ValuesIn(size_groups()), group_name);

TEST(LogMath, VectorCounts) {
  std::size_t count = 0;
  for (const SizeGroup& group : size_groups()) count += group.cases.size();
  std::cout << "log-math.json: " << count << " cases\n";
  EXPECT_EQ(count, 1679U);
}

// --- The rules of the header, read from sets ---

std::set<Subtree> set_of_full_subtrees(std::uint64_t size) {
  // The balanced subtrees inside the first `size` leaves of which no parent is inside them.
  std::set<Subtree> subtrees;
  for (std::uint8_t level = 0; level < 9; ++level) {
    const std::uint64_t width = std::uint64_t{1} << level;
    for (std::uint64_t start = 0; start + width <= size; start += width) {
      const std::uint64_t parent_start = start / (2 * width) * (2 * width);
      if (parent_start + 2 * width > size) subtrees.insert({start, level});
    }
  }
  return subtrees;
}

bool strictly_contains(Subtree outer, Subtree inner) {
  return outer.start <= inner.start && inner.end() <= outer.end() && outer != inner;
}

class NaiveCopath {
 public:
  NaiveCopath(std::uint64_t size, const std::vector<EntryIndex>& leaves, std::uint64_t retained,
              std::uint64_t auditor)
      : retained_(set_of_full_subtrees(retained)), auditor_(set_of_full_subtrees(auditor)) {
    for (const EntryIndex leaf : leaves) leaves_.insert(leaf_subtree(leaf));
    for (const Subtree head : set_of_full_subtrees(size)) visit(head);
  }

  [[nodiscard]] const std::vector<Subtree>& elements() const { return elements_; }

 private:
  void visit(Subtree node) {
    if (contains_one(node, leaves_) || contains_one(node, retained_) ||
        contains_one(node, auditor_)) {
      visit(node.left());
      visit(node.right());
    } else if (!leaves_.contains(node) && !retained_.contains(node)) {
      elements_.push_back(node);
    }
  }

  static bool contains_one(Subtree node, const std::set<Subtree>& others) {
    return std::any_of(others.begin(), others.end(),
                       [node](Subtree other) { return strictly_contains(node, other); });
  }

  std::set<Subtree> leaves_;
  std::set<Subtree> retained_;
  std::set<Subtree> auditor_;
  std::vector<Subtree> elements_;
};

std::vector<EntryIndex> random_leaves(RandomSource& random, std::uint64_t size, std::size_t most) {
  std::set<EntryIndex> leaves;
  for (std::size_t count = random.below(most + 1); count > 0; --count) {
    leaves.insert(EntryIndex{random.below(size)});
  }
  return {leaves.begin(), leaves.end()};
}

TEST(LogMath, FullSubtreesAreTheLargestBalancedOnes) {
  for (std::uint64_t size = 0; size <= 300; ++size) {
    const auto model = set_of_full_subtrees(size);
    const auto subtrees = full_subtrees(TreeSize{size});
    ASSERT_EQ(subtrees, std::vector<Subtree>(model.begin(), model.end())) << size;
    for (std::uint64_t start = 0; start <= size; ++start) {
      for (std::uint8_t level = 0; level < 9; ++level) {
        const Subtree node{start, level};
        ASSERT_EQ(is_full_subtree(node, TreeSize{size}), model.contains(node));
      }
    }
  }
}

TEST(LogMath, CopathFollowsTheRules) {
  RandomSource random;
  for (int round = 0; round < 5000; ++round) {
    const std::uint64_t size = 1 + random.below(130);
    const auto leaves = random_leaves(random, size, 6);
    const std::uint64_t retained = random.below(size + 1);
    const std::uint64_t auditor = random.below(size + 1);
    const NaiveCopath model(size, leaves, retained, auditor);
    ASSERT_EQ(batch_copath(TreeSize{size}, leaves, TreeSize{retained}, TreeSize{auditor}),
              model.elements())
        << "size " << size << " retained " << retained << " auditor " << auditor;
  }
}

// "Log Tree": leaf 2 of 6, and from 5 leaves to 7.
TEST(LogMath, DraftFigures) {
  EXPECT_EQ(batch_copath(TreeSize{6}, entries({2}), std::nullopt, std::nullopt),
            (std::vector<Subtree>{{0, 1}, {3, 0}, {4, 1}}));
  EXPECT_EQ(batch_copath(TreeSize{7}, {}, TreeSize{5}, std::nullopt),
            (std::vector<Subtree>{{5, 0}, {6, 0}}));
}

// "Worked Example": 13 entries, 4 retained, leaves 7, 11 and 12 known.
TEST(LogMath, DraftWorkedExample) {
  EXPECT_EQ(batch_copath(TreeSize{13}, entries({7, 11, 12}), TreeSize{4}, std::nullopt),
            (std::vector<Subtree>{{4, 1}, {6, 0}, {8, 1}, {10, 0}}));
}

// An auditor's size inside a retained subtree opens all of that subtree.
TEST(LogMath, AuditorInsideRetainedSubtreeOpensIt) {
  EXPECT_EQ(batch_copath(TreeSize{8}, {}, TreeSize{8}, TreeSize{5}),
            (std::vector<Subtree>{{0, 2}, {4, 0}, {5, 0}, {6, 1}}));
  EXPECT_TRUE(batch_copath(TreeSize{12}, {}, TreeSize{12}, TreeSize{8}).empty());
}

TEST(LogMath, HugeLogsCostNoMoreThanTheirHeight) {
  RandomSource random;
  for (const std::uint64_t size :
       {std::uint64_t{1} << 63, (std::uint64_t{1} << 63) + 1, kMaxSize - 1, kMaxSize}) {
    for (int round = 0; round < 20; ++round) {
      const auto leaves = random_leaves(random, size, 255);
      const auto steps = batch_steps(TreeSize{size}, leaves, TreeSize{random.below(size) + 1},
                                     TreeSize{random.below(size) + 1});
      EXPECT_LE(steps.size(), 2 * 64 * (leaves.size() + 3));
      EXPECT_TRUE(std::all_of(steps.begin(), steps.end(), [size](const BatchStep& step) {
        return step.node.end() <= size && step.node.end() > step.node.start;
      }));
    }
  }
}

}  // namespace
}  // namespace kt::keytrans
