// The library against a naive model: whatever happens, the verifier accepts what the prover says,
// and what it concludes is what the model says.

#include <cstdlib>
#include <iostream>
#include <string>

#include <gtest/gtest.h>

#include "keytrans/management.h"
#include "keytrans/prover.h"
#include "random_world.h"
#include "suites.h"
#include "test_log.h"

namespace kt::keytrans {
namespace {

// --- Random worlds ------------------------------------------------------------------------------

// Runs worlds of consecutive seeds. KT_WORLDS in the environment says how many, KT_SEED which.
ModelledLog::Counts run_worlds(std::uint64_t usual) {
  const char* const given = std::getenv("KT_WORLDS");
  const std::uint64_t worlds = given != nullptr ? std::strtoull(given, nullptr, 10) : usual;
  const std::uint64_t seed = RandomSource::pick_seed();
  ModelledLog::Counts counts;
  for (std::uint64_t i = 0; i < worlds && !::testing::Test::HasFailure(); ++i) {
    SCOPED_TRACE("KT_SEED=" + std::to_string(seed + i) + " KT_WORLDS=1");
    try {
      RandomWorld(seed + i, counts).run();
    } catch (const std::exception& error) {
      ADD_FAILURE() << "in setting up: " << error.what();
    }
  }
  return counts;
}

// Each suite in each mode, once.
TEST(Property, AFewRandomWorlds) { run_worlds(6); }

// As many worlds as it takes to meet everything that can happen.
TEST(PropertyExpensive, RandomWorlds) {
  const ModelledLog::Counts counts = run_worlds(120);
  for (const auto& [what, count] : counts) std::cout << "  " << count << " " << what << '\n';
  if (std::getenv("KT_WORLDS") != nullptr) return;
  for (const char* const what : {"auditors restored",
                                 "auditors started mid-log",
                                 "contact monitoring of several entries",

                                 "contact monitoring",
                                 "credentials: no unexpired distinguished entry",
                                 "credentials: position not known",
                                 "credentials: provisional",
                                 "credentials: settled by an update",
                                 "credentials: settled by the terminal entry",
                                 "credentials: standard",
                                 "credentials: update kept for later",
                                 "distinguished walks",
                                 "fixed-version searches: expired",
                                 "fixed-version searches: found",
                                 "fixed-version searches: nonexistent",
                                 "fixed-version searches: skipped",
                                 "forks looked for",
                                 "greatest-version searches",
                                 "heads compared: disjoint",
                                 "heads compared: overlapping",
                                 "owner initialisation",
                                 "owner initialisation: refused",
                                 "owner monitoring: a page",
                                 "owner monitoring: complete",
                                 "owner monitoring: stuck",
                                 "owner monitoring with several entries",

                                 "refused: auditor too far behind",
                                 "refused: log too far ahead of the clock",
                                 "refused: log too far behind the clock",
                                 "responses with a new head",
                                 "responses with the same head",
                                 "searches that oblige to monitor",
                                 "states restored",
                                 "updates: created",
                                 "updates: only told",
                                 "updates: response lost",
                                 "updates: values disregarded"}) {
    EXPECT_TRUE(counts.contains(what)) << "the worlds have become too narrow: never " << what;
  }
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
  ModelledLog log_{make_configuration(), 0, random_, counts_};
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
