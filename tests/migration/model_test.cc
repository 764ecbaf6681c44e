// Random schedules of migrations, against one value a label. KTGATE_MODEL_SEED has one seed run
// alone, KTGATE_MODEL_SCHEDULES more of them than by default.
#include "model.h"

#include <cstdlib>

#include <gtest/gtest.h>

namespace kt::migration {
namespace {

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* const text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

void run_schedules(Mode mode, std::uint64_t schedules) {
  const std::uint64_t only = number_from("KTGATE_MODEL_SEED", 0);
  const std::uint64_t first = only != 0 ? only : 1;
  const std::uint64_t last = only != 0 ? only : number_from("KTGATE_MODEL_SCHEDULES", schedules);
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    try {
      World(mode, seed).run();
    } catch (const std::exception& error) {
      FAIL() << to_string(mode) << ", KTGATE_MODEL_SEED=" << seed << ": " << error.what();
    }
  }
}

TEST(MigrationModel, GradualIsOneValueToEveryUser) { run_schedules(Mode::gradual, 300); }
TEST(MigrationModel, ImmediateIsOneValueToEveryUser) { run_schedules(Mode::immediate, 150); }

TEST(MigrationModelExpensive, GradualIsOneValueToEveryUser) {
  run_schedules(Mode::gradual, 10'000);
}
TEST(MigrationModelExpensive, ImmediateIsOneValueToEveryUser) {
  run_schedules(Mode::immediate, 5'000);
}

// --- The model's own eyes --------------------------------------------------------------------

Operation read_of(std::string value, int begin, int end) {
  return {false, std::move(value), begin, end};
}
Operation update_to(std::string value, int begin, int end) {
  return {true, std::move(value), begin, end};
}

bool is_linearizable(std::vector<Operation> operations) {
  return History(std::move(operations)).is_linearizable("");
}

TEST(History, OneValueExplainsWhatOneValueDoes) {
  EXPECT_TRUE(is_linearizable({}));
  EXPECT_TRUE(is_linearizable({read_of("", 1, 2), update_to("a", 3, 4), read_of("a", 5, 6)}));
  // At the same time, either way.
  EXPECT_TRUE(is_linearizable({update_to("a", 1, 4), read_of("", 2, 3)}));
  EXPECT_TRUE(is_linearizable({update_to("a", 1, 4), read_of("a", 2, 3)}));
  // One that was not acknowledged may have been made much later, or never.
  EXPECT_TRUE(is_linearizable(
      {update_to("a", 1, Operation::kNever), read_of("", 2, 3), read_of("a", 4, 5)}));
  EXPECT_TRUE(is_linearizable({update_to("a", 1, Operation::kNever), read_of("", 2, 3)}));
}

TEST(History, NothingElseDoes) {
  // Stale, absent, from nowhere, and there and gone again.
  EXPECT_FALSE(is_linearizable({update_to("a", 1, 2), read_of("", 3, 4)}));
  EXPECT_FALSE(is_linearizable({update_to("a", 1, 2), update_to("b", 3, 4), read_of("a", 5, 6)}));
  EXPECT_FALSE(is_linearizable({read_of("a", 1, 2)}));
  EXPECT_FALSE(is_linearizable(
      {update_to("a", 1, Operation::kNever), read_of("a", 2, 3), read_of("", 4, 5)}));
  EXPECT_FALSE(is_linearizable({read_of("a", 1, 2), update_to("a", 3, 4)}));
}

}  // namespace
}  // namespace kt::migration
