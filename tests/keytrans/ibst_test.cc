#include "keytrans/ibst.h"

#include <algorithm>
#include <cstdint>
#include <iostream>
#include <limits>
#include <map>

#include <gtest/gtest.h>

#include "random_source.h"
#include "vector_cases.h"

namespace kt::keytrans {
namespace {

constexpr std::uint64_t kMaxSize = std::numeric_limits<std::uint64_t>::max();

std::vector<std::uint64_t> values(const std::vector<EntryIndex>& entries) {
  std::vector<std::uint64_t> result;
  for (const EntryIndex entry : entries) result.push_back(entry.value());
  return result;
}

std::optional<EntryIndex> child_field(const nlohmann::json& node, const char* side) {
  if (node.at(side).is_null()) return std::nullopt;
  return EntryIndex{node.at(side).get<std::uint64_t>()};
}

class IbstVectors : public ::testing::TestWithParam<VectorCase> {};

TEST_P(IbstVectors, Match) {
  const TreeSize size{GetParam().input().at("size").get<std::uint64_t>()};
  const auto& expect = GetParam().expect();
  EXPECT_EQ(ibst_root(size).value(), expect.at("root").get<std::uint64_t>());
  EXPECT_EQ(values(frontier(size)), expect.at("frontier").get<std::vector<std::uint64_t>>());
  for (const auto& node : expect.at("nodes")) {
    const EntryIndex entry{node.at("index").get<std::uint64_t>()};
    EXPECT_EQ(ibst_left(entry), child_field(node, "left")) << entry.value();
    EXPECT_EQ(ibst_right(entry, size), child_field(node, "right")) << entry.value();
  }
}

INSTANTIATE_TEST_SUITE_P(Draft, IbstVectors,
                         ::testing::ValuesIn(vector_cases("keytrans/ibst.json")), case_name);

TEST(Ibst, VectorCounts) {
  const auto ibst = vector_cases("keytrans/ibst.json").size();
  std::cout << "ibst.json: " << ibst << " cases\n";
  EXPECT_EQ(ibst, 38U);
}

// The tree by its inductive definition: every entry's parent.
class NaiveSearchTree {
 public:
  explicit NaiveSearchTree(std::uint64_t size) { root_ = build(0, size); }

  [[nodiscard]] std::uint64_t root() const { return root_; }

  [[nodiscard]] std::vector<std::uint64_t> direct_path(std::uint64_t entry) const {
    std::vector<std::uint64_t> path;
    for (auto at = parent_.find(entry); at != parent_.end(); at = parent_.find(at->second)) {
      path.push_back(at->second);
    }
    return path;
  }

 private:
  std::uint64_t build(std::uint64_t offset, std::uint64_t size) {
    std::uint64_t power = 1;
    while (2 * power <= size) power *= 2;
    const std::uint64_t root = power - 1;
    if (root > 0) parent_[build(offset, root)] = offset + root;
    if (size > root + 1) parent_[build(offset + root + 1, size - root - 1)] = offset + root;
    return offset + root;
  }

  std::map<std::uint64_t, std::uint64_t> parent_;
  std::uint64_t root_ = 0;
};

TEST(Ibst, PathsFollowTheInductiveDefinition) {
  for (std::uint64_t size = 1; size <= 300; ++size) {
    const NaiveSearchTree model(size);
    ASSERT_EQ(ibst_root(TreeSize{size}).value(), model.root());
    for (std::uint64_t entry = 0; entry < size; ++entry) {
      auto expected = model.direct_path(entry);
      ASSERT_EQ(values(direct_path(EntryIndex{entry}, TreeSize{size})), expected)
          << size << " " << entry;
      std::reverse(expected.begin(), expected.end());
      expected.push_back(entry);
      ASSERT_EQ(values(search_path(EntryIndex{entry}, TreeSize{size})), expected)
          << size << " " << entry;
    }
  }
}

TEST(Ibst, DraftExamples) {
  EXPECT_EQ(values(frontier(TreeSize{50})), (std::vector<std::uint64_t>{31, 47, 49}));
  EXPECT_EQ(values(frontier(TreeSize{13})), (std::vector<std::uint64_t>{7, 11, 12}));
  EXPECT_EQ(values(direct_path(EntryIndex{3}, TreeSize{13})), (std::vector<std::uint64_t>{7}));
  EXPECT_TRUE(direct_path(EntryIndex{31}, TreeSize{50}).empty());
}

// Every path halves the range that is left, whatever the size.
TEST(Ibst, PathsInHugeLogsAreShort) {
  RandomSource random;
  for (const std::uint64_t size :
       {std::uint64_t{1} << 63, (std::uint64_t{1} << 63) + 1, kMaxSize - 1, kMaxSize}) {
    for (int round = 0; round < 1000; ++round) {
      const EntryIndex entry{round == 0 ? size - 1 : random.below(size)};
      const auto path = search_path(entry, TreeSize{size});
      ASSERT_LE(path.size(), 64U);
      ASSERT_EQ(path.front(), ibst_root(TreeSize{size}));
      ASSERT_EQ(path.back(), entry);
      auto up = direct_path(entry, TreeSize{size});
      std::reverse(up.begin(), up.end());
      up.push_back(entry);
      ASSERT_EQ(up, path);
      std::uint64_t low = 0;
      std::uint64_t high = size;
      for (const EntryIndex step : path) {
        ASSERT_GE(step.value(), low);
        ASSERT_LT(step.value(), high);
        (step <= entry ? low : high) = step.value();
      }
    }
  }
}

}  // namespace
}  // namespace kt::keytrans
