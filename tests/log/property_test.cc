// The library against a naive model, as in tests/keytrans, over a log on disk that is closed and
// opened again in between: whatever happens, users accept what is proved from it, and what they
// conclude is what the model says.
#include <memory>

#include <gtest/gtest.h>

#include "growing_stored_log.h"
#include "random_world.h"

namespace kt::log {
namespace {

std::unique_ptr<keytrans::GrowingLog> make_log(const keytrans::Configuration& configuration,
                                               std::uint64_t, Timestamp start) {
  return make_stored_log(configuration, start);
}

// Each suite in each mode, once.
TEST(LogProperty, AFewRandomWorlds) {
  const auto counts = keytrans::run_worlds(6, make_log);
  EXPECT_TRUE(counts.contains("restarts"));
}

// As many worlds as it takes to meet everything that can happen. A log on disk does not grow where
// users would find its auditor too far behind.
TEST(LogPropertyExpensive, RandomWorlds) {
  keytrans::expect_all_met(
      keytrans::run_worlds(120, make_log),
      {"restarts", "labels erased", "erased labels removed", "erased labels forgotten",
       "updates: of an erased label", "erased values asked for"});
}

}  // namespace
}  // namespace kt::log
