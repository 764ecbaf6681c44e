// The library against a naive model: whatever happens, the verifier accepts what the prover says,
// and what it concludes is what the model says.

#include <memory>

#include <gtest/gtest.h>

#include "keytrans/management.h"
#include "keytrans/prover.h"
#include "random_world.h"
#include "suites.h"
#include "test_log.h"

namespace kt::keytrans {
namespace {

// --- Random worlds ------------------------------------------------------------------------------

std::unique_ptr<GrowingLog> make_log(const Configuration& configuration, std::uint64_t seed,
                                     Timestamp) {
  return make_memory_log(configuration, seed);
}

// Each suite in each mode, once.
TEST(Property, AFewRandomWorlds) { run_worlds(6, make_log); }

// As many worlds as it takes to meet everything that can happen.
TEST(PropertyExpensive, RandomWorlds) {
  const ModelledLog::Counts counts = run_worlds(120, make_log);
  expect_all_met(counts, {"refused: auditor too far behind"});
}

// --- The smallest log there is ------------------------------------------------------------------

TEST(EmptyLog, HasNothingToSay) {
  for (const DeploymentMode mode :
       {DeploymentMode::contactMonitoring, DeploymentMode::thirdPartyManagement,
        DeploymentMode::thirdPartyAuditing}) {
    const TestLog log(test_configuration(kEd25519Suite, mode));
    const Label label = make_label("alice");
    const auto code = [](const auto& result) {
      return result ? "none" : to_string(result.error().code);
    };
    EXPECT_EQ(code(prove_search(log.log(), {std::nullopt, label, std::nullopt})), "unavailable");
    EXPECT_EQ(code(prove_search(log.log(), {std::nullopt, label, Version{0}})), "unavailable");
    EXPECT_EQ(code(prove_contact_monitor(log.log(), {std::nullopt, label, {}})), "unavailable");
    EXPECT_EQ(code(prove_owner_init(log.log(), {std::nullopt, label, {}})), "unavailable");
    EXPECT_EQ(code(prove_owner_monitor(log.log(), {std::nullopt, label, {}, {}, {}})),
              "unavailable");
    EXPECT_EQ(code(prove_update(log.log(), {std::nullopt, label, {}, {}}, false)), "unavailable");
    EXPECT_EQ(code(prove_distinguished(log.log(), {}, RecentPolicy{})), "unavailable");
    EXPECT_EQ(code(prove_credential(log.log(), label, EntryIndex{0})), "unavailable");
    EXPECT_EQ(code(prove_credential_update(log.log(), label, Version{0}, {}, TreeSize{1})),
              "unavailable");
  }
}

// --- Found by random worlds
// ------------------------------------------------------------------------

// One log in Contact Monitoring mode, written down by hand.
class FoundByRandomWorlds : public ::testing::Test {
 protected:
  static Configuration make_configuration() {
    Configuration configuration =
        test_configuration(kEd25519Suite, DeploymentMode::contactMonitoring);
    configuration.reasonable_monitoring_window = 5'000;
    return configuration;
  }

  // One log entry with one new version.
  void append(std::uint64_t timestamp) {
    log_.append(Timestamp{timestamp}, {{label_, 0, {Bytes{1, 2, 3}}}});
  }

  RandomSource random_;
  ModelledLog::Counts counts_;
  ModelledLog log_{make_memory_log(make_configuration(), 0), random_, counts_};
  ModelledUser user_ = log_.new_user(ContactPolicy::as_required, RecentPolicy::rightmost(4));
  Label label_ = make_label("alice");
};

// A monitored entry climbs to a log entry of which a greater version is monitored already. The map
// has room for one of them, and an order that the log insists on.
TEST_F(FoundByRandomWorlds, MonitoringPathEndsWhereAnotherOneBegins) {
  append(10);
  log_.search_greatest(user_, label_);  // version 0 at entry 0
  append(20);
  log_.search_greatest(user_, label_);  // version 1 at entry 1, the parent of entry 0 from now on
  log_.monitor(user_, label_);
  log_.compare(user_);
  log_.restore(user_);
  log_.monitor(user_, label_);
  log_.compare(user_);
}

// The same with the monitoring map of an owner.
TEST_F(FoundByRandomWorlds, OwnersMonitoringPathEndsWhereAnotherOneBegins) {
  for (std::uint64_t entry = 0; entry < 8; ++entry) append(1'000 * entry);
  log_.become_owner(user_, label_, EntryIndex{7});
  log_.update(user_, label_, {LabelValue{{1}}}, {Timestamp{7'001}, 0, false});
  log_.update(user_, label_, {LabelValue{{2}}}, {Timestamp{7'002}, 0, false});
  log_.monitor_as_owner(user_, label_, kDefaultOwnerMonitorLimit);
  log_.compare(user_);
  log_.restore(user_);
  log_.monitor_as_owner(user_, label_, kDefaultOwnerMonitorLimit);
  log_.compare(user_);
}

}  // namespace
}  // namespace kt::keytrans
