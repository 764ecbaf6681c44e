#include "routing/policy.h"

#include <gtest/gtest.h>

#include "names.h"

namespace kt::routing {
namespace {

constexpr Operation kOperations[] = {Operation::search, Operation::update, Operation::monitor};

std::vector<LogId> logs_of(std::initializer_list<std::uint8_t> bytes) {
  std::vector<LogId> logs;
  for (const std::uint8_t byte : bytes) logs.push_back(log_of(byte));
  return logs;
}

TEST(SinglePolicy, EverythingToTheLog) {
  const auto policy = make_single(log_of(7));
  for (const Operation operation : kOperations)
    EXPECT_EQ(policy->route(operation, label_of("alice@example.com")),
              (Route{{log_of(7), Role::authority}}));
  EXPECT_EQ(policy->logs(), logs_of({7}));
}

TEST(ShardedPolicy, OneShardForEveryOperation) {
  const auto policy = must(make_sharded(logs_of({4, 1, 3, 2})));
  for (const Operation operation : kOperations) {
    EXPECT_EQ(policy->route(operation, label_of("carol@example.com")),
              (Route{{log_of(1), Role::authority}}));
    EXPECT_EQ(policy->route(operation, label_of("erin@example.com")),
              (Route{{log_of(2), Role::authority}}));
  }
  EXPECT_EQ(policy->logs(), logs_of({1, 2, 3, 4}));
}

TEST(ShardedPolicy, RefusesWhatIsNoSetOfShards) {
  const auto policy = make_sharded(logs_of({1}));
  ASSERT_FALSE(policy.has_value());
  EXPECT_EQ(policy.error().code, Errc::rejected);
}

}  // namespace
}  // namespace kt::routing
