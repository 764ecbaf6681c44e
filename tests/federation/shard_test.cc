#include "federation/shard.h"

#include <algorithm>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "names.h"
#include "random_source.h"

namespace kt::federation {
namespace {

// By Python, with hashlib: max(logs, key=lambda log: sha256(log + label).digest()) of the four logs
// whose ids are 32 times 01, 02, 03 and 04.
TEST(Shard, WorkedExample) {
  const std::vector<LogId> logs = {log_of(1), log_of(2), log_of(3), log_of(4)};
  const std::map<std::string, std::uint8_t> shards{{"alice@example.com", 3},
                                                   {"bob@example.com", 3},
                                                   {"carol@example.com", 1},
                                                   {"dave@example.com", 3},
                                                   {"erin@example.com", 2},
                                                   {"tel:+12015550123", 1},
                                                   {"", 4}};
  for (const auto& [label, shard] : shards)
    EXPECT_EQ(find_shard(logs, label_of(label)), log_of(shard)) << label;
}

TEST(Shard, ALogThatGoesMovesItsOwnLabelsOnly) {
  RandomSource random;
  constexpr int kLabels = 8'000;
  constexpr std::size_t kLogs = 8;
  std::vector<LogId> all;
  for (std::size_t i = 0; i < kLogs; ++i) all.emplace_back(random.hash());
  const LogId gone = all.back();
  const std::vector<LogId> left(all.begin(), all.end() - 1);
  std::map<LogId, int> before;
  std::map<LogId, int> moved_to;
  for (int i = 0; i < kLabels; ++i) {
    const Label label = label_of(std::to_string(i) + "@example.com");
    const LogId old_shard = find_shard(all, label);
    const LogId new_shard = find_shard(left, label);
    ++before[old_shard];
    if (old_shard == gone)
      ++moved_to[new_shard];
    else
      ASSERT_EQ(new_shard, old_shard);
  }
  // Evenly: 1000 of each, 143 of those that moved to each. Ten deviations either way.
  ASSERT_EQ(before.size(), kLogs);
  for (const auto& [log, count] : before) EXPECT_NEAR(count, 1'000, 300);
  ASSERT_EQ(moved_to.size(), kLogs - 1);
  for (const auto& [log, count] : moved_to) EXPECT_NEAR(count, 143, 120);
}

TEST(Shard, RefusesWhatIsNoSetOfShards) {
  for (const auto& logs : {std::vector<LogId>{}, std::vector{log_of(1)},
                           std::vector{log_of(1), log_of(2), log_of(1)}}) {
    const auto shards = make_shards(logs);
    ASSERT_FALSE(shards.has_value());
    EXPECT_EQ(shards.error().code, Errc::rejected);
  }
  std::vector<LogId> many;
  for (int i = 255; i >= 0; --i) many.push_back(log_of(static_cast<std::uint8_t>(i)));
  EXPECT_FALSE(make_shards(many).has_value());
  many.pop_back();
  const std::vector<LogId> shards = must(make_shards(many));
  EXPECT_EQ(shards.size(), 255U);
  EXPECT_TRUE(std::is_sorted(shards.begin(), shards.end()));
}

}  // namespace
}  // namespace kt::federation
