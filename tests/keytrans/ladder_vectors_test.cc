// binary-ladder.json and ladder-interpretation.json.

#include <iostream>

#include <gtest/gtest.h>

#include "keytrans/ladder.h"
#include "vector_cases.h"

namespace kt::keytrans {
namespace {

std::vector<Version> versions_of(const nlohmann::json& list) {
  std::vector<Version> versions;
  for (const auto& value : list) versions.emplace_back(value.get<std::uint32_t>());
  return versions;
}

// What a search ladder for `target` looks up at an entry whose greatest version is `greatest`,
// where `left` were shown to be included to its left and `right` not to be to its right.
std::vector<Version> search_ladder(Version target, Version greatest,
                                   const std::vector<Version>& left,
                                   const std::vector<Version>& right) {
  const EntryIndex entry{5};
  LookupTracker tracker;
  for (const Version version : left) tracker.record(EntryIndex{4}, version, true);
  for (const Version version : right) tracker.record(EntryIndex{6}, version, false);
  SearchLadder ladder(target, entry, tracker);
  std::vector<Version> versions;
  while (const auto version = ladder.next()) {
    versions.push_back(*version);
    ladder.answer(*version <= greatest);
  }
  return versions;
}

class BinaryLadderVectors : public ::testing::TestWithParam<VectorCase> {};

TEST_P(BinaryLadderVectors, LooksUpTheSameVersions) {
  const auto& input = GetParam().input();
  const auto expected = versions_of(GetParam().expect().at("versions"));
  const auto list = [&input](const char* key) {
    return input.contains(key) ? versions_of(input.at(key)) : std::vector<Version>{};
  };
  const std::string kind = input.at("kind");
  if (kind == "base") {
    EXPECT_EQ(base_binary_ladder(Version{input.at("greatest")}), expected);
  } else if (kind == "monitoring") {
    EXPECT_EQ(monitoring_binary_ladder(Version{input.at("target")}), expected);
  } else {
    ASSERT_EQ(kind, "search");
    EXPECT_EQ(search_ladder(Version{input.at("target")}, Version{input.at("greatest")},
                            list("left_inclusion"), list("right_non_inclusion")),
              expected);
  }
}

INSTANTIATE_TEST_SUITE_P(BinaryLadderJson, BinaryLadderVectors,
                         ::testing::ValuesIn(vector_cases("keytrans/binary-ladder.json")),
                         case_name);

class LadderInterpretationVectors : public ::testing::TestWithParam<VectorCase> {};

TEST_P(LadderInterpretationVectors, DrawsTheSameConclusion) {
  const auto& input = GetParam().input();
  const auto expected_ladder = versions_of(input.at("ladder"));
  SearchLadder ladder(Version{input.at("target")});
  for (std::size_t i = 0; i < expected_ladder.size(); ++i) {
    ASSERT_EQ(ladder.next(), expected_ladder[i]);
    ladder.answer(input.at("results").at(i).get<bool>());
  }
  ASSERT_EQ(ladder.next(), std::nullopt);
  const int verdict = GetParam().expect().at("verdict");
  EXPECT_EQ(ladder.outcome(), verdict < 0   ? LadderOutcome::less
                              : verdict > 0 ? LadderOutcome::greater
                                            : LadderOutcome::equal);
}

INSTANTIATE_TEST_SUITE_P(LadderInterpretationJson, LadderInterpretationVectors,
                         ::testing::ValuesIn(vector_cases("keytrans/ladder-interpretation.json")),
                         case_name);

TEST(LadderVectors, Counts) {
  const auto ladders = vector_cases("keytrans/binary-ladder.json").size();
  const auto verdicts = vector_cases("keytrans/ladder-interpretation.json").size();
  std::cout << "binary-ladder.json: " << ladders << " cases\n"
            << "ladder-interpretation.json: " << verdicts << " cases\n";
  EXPECT_EQ(ladders, 76U);
  EXPECT_EQ(verdicts, 211U);
}

TEST(Ladder, EndsPromptlyAtTheGreatestVersionThereIs) {
  for (const std::uint32_t version :
       {0x7ffffffeU, 0x7fffffffU, 0x80000000U, 0xfffffffeU, 0xffffffffU}) {
    const auto ladder = base_binary_ladder(Version{version});
    EXPECT_LE(ladder.size(), 64U);
    EXPECT_EQ(ladder.front(), Version{0});
    EXPECT_NE(std::find(ladder.begin(), ladder.end(), Version{version}), ladder.end());
    if (version != 0xffffffffU) {
      EXPECT_NE(std::find(ladder.begin(), ladder.end(), Version{version + 1}), ladder.end());
    }
  }
}

// The draft's example: version 6 is established by 0, 1, 3, 7, 5, 6.
TEST(Ladder, EstablishesVersionSixAsInTheDraft) {
  EXPECT_EQ(base_binary_ladder(Version{6}),
            (std::vector<Version>{Version{0}, Version{1}, Version{3}, Version{7}, Version{5},
                                  Version{6}}));
}

}  // namespace
}  // namespace kt::keytrans
