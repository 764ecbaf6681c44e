// distinguished.json: the rightmost distinguished entry, and which entries are distinguished.

#include <algorithm>
#include <iostream>
#include <optional>

#include <gtest/gtest.h>

#include "keytrans/combined_tree.h"
#include "keytrans/ibst.h"
#include "vector_cases.h"

namespace kt::keytrans {
namespace {

// Answers timestamps from a list, and remembers which were asked for, in order of their first time.
class ListedTimestamps final : public TreeHandle {
 public:
  explicit ListedTimestamps(std::vector<std::uint64_t> timestamps)
      : timestamps_(std::move(timestamps)) {}

  Result<Timestamp> timestamp(EntryIndex entry) override {
    if (std::find(requested_.begin(), requested_.end(), entry.value()) == requested_.end())
      requested_.push_back(entry.value());
    return Timestamp{timestamps_.at(entry.value())};
  }
  Result<void> lookup(EntryIndex /*entry*/, LookupPlan& /*plan*/) override {
    return fail(Errc::rejected, "there is no prefix tree here");
  }
  [[nodiscard]] const std::vector<std::uint64_t>& requested() const { return requested_; }

 private:
  std::vector<std::uint64_t> timestamps_;
  std::vector<std::uint64_t> requested_;
};

class DistinguishedVectors : public ::testing::TestWithParam<VectorCase> {};

// `requested` and `requested_previous` say what the peer asks for on walks of its own; the order of
// the one walk that both do, to the rightmost distinguished entry, must agree.
TEST_P(DistinguishedVectors, FindsTheSameEntries) {
  const auto& input = GetParam().input();
  const auto& expect = GetParam().expect();
  const std::uint64_t size = input.at("size");
  if (size == 0) {
    EXPECT_FALSE(expect.contains("rightmost"));
    return;
  }
  ListedTimestamps handle(input.at("timestamps").get<std::vector<std::uint64_t>>());
  Configuration configuration;
  configuration.reasonable_monitoring_window = input.at("window");
  CombinedTree tree(handle, configuration, TreeSize{size});

  const auto optional_entry = [&expect](const char* key) {
    return expect.contains(key) && !expect.at(key).is_null()
               ? std::optional(EntryIndex{expect.at(key).get<std::uint64_t>()})
               : std::nullopt;
  };
  const auto rightmost_found = tree.rightmost_distinguished();
  ASSERT_TRUE(rightmost_found.has_value());
  EXPECT_EQ(*rightmost_found, optional_entry("rightmost"));
  EXPECT_EQ(handle.requested(), expect.at("requested_rightmost").get<std::vector<std::uint64_t>>());

  std::optional<EntryIndex> previous;
  for (std::uint64_t i = 0; i + 1 < size; ++i) {
    const auto distinguished = tree.is_distinguished(EntryIndex{i});
    ASSERT_TRUE(distinguished.has_value());
    if (*distinguished) previous = EntryIndex{i};
  }
  EXPECT_EQ(previous, optional_entry("previous_rightmost"));
}

INSTANTIATE_TEST_SUITE_P(DistinguishedJson, DistinguishedVectors,
                         ::testing::ValuesIn(vector_cases("keytrans/distinguished.json")),
                         case_name);

TEST(DistinguishedVectors, Counts) {
  const auto count = vector_cases("keytrans/distinguished.json").size();
  std::cout << "distinguished.json: " << count << " cases\n";
  EXPECT_EQ(count, 42U);
}

}  // namespace
}  // namespace kt::keytrans
