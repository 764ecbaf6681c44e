// Small logs, exhaustively: for every size up to a bound, every user who was there at an earlier
// size comes back. Small trees have all the irregular shapes there are.

#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "keytrans/prover.h"
#include "modelled_log.h"
#include "suites.h"
#include "test_log.h"

namespace kt::keytrans {
namespace {

constexpr std::uint64_t kGap = 10;  // milliseconds between log entries

struct Durations {
  const char* name;
  std::uint64_t window;
  std::optional<std::uint64_t> lifetime;
};

// Everything is distinguished; some is; some is, and more and more is expired; nothing is.
constexpr Durations kAllDistinguished{"AllDistinguished", 0, std::nullopt};
constexpr Durations kSomeDistinguished{"SomeDistinguished", 5 * kGap, std::nullopt};
constexpr Durations kSomeExpired{"SomeExpired", 5 * kGap, 9 * kGap};
constexpr Durations kNoneDistinguished{"NoneDistinguished", 1'000'000, std::nullopt};

class SmallLogs : public ::testing::TestWithParam<std::tuple<CipherSuite, Durations>> {
 protected:
  // What users do at every size up to `most` who were there at every earlier one.
  void run(std::uint64_t most);

 private:
  void come_back(const ModelledUser& user, const ModelledUser& owner);

  RandomSource random_;
  ModelledLog::Counts counts_;
  ModelledLog log_{make_memory_log(make_configuration(), 1), random_, counts_};
  Label label_ = make_label("alice");

  static Configuration make_configuration() {
    const auto& [suite, durations] = GetParam();
    Configuration configuration = test_configuration(suite, DeploymentMode::contactMonitoring);
    configuration.reasonable_monitoring_window = durations.window;
    configuration.maximum_lifetime = durations.lifetime;
    return configuration;
  }
};

// Each operation of a user of an earlier tree, on its own, in the tree there is now.
void SmallLogs::come_back(const ModelledUser& user, const ModelledUser& owner) {
  const std::size_t versions = log_.model().version_count(label_);
  const auto alone = [&](const ModelledUser& who, const auto& operation) {
    ModelledUser copy = who;
    operation(copy);
    log_.compare(copy);
  };
  alone(user, [&](ModelledUser& u) { log_.search_greatest(u, label_); });
  if (random_.below(3) == 0) {
    const Version target{static_cast<std::uint32_t>(random_.below(versions + 1))};
    alone(user, [&](ModelledUser& u) { log_.search_fixed(u, label_, target); });
  }
  alone(user, [&](ModelledUser& u) { log_.monitor(u, label_); });
  alone(user, [&](ModelledUser& u) { log_.walk(u); });
  if (owner.expected.labels.empty()) return;
  alone(owner,
        [&](ModelledUser& u) { log_.monitor_as_owner(u, label_, kDefaultOwnerMonitorLimit); });
  if (random_.below(3) != 0) return;
  alone(owner, [&](ModelledUser& u) {
    log_.update(u, label_, {}, {log_.model().timestamps.back(), 0, false});
  });
}

void SmallLogs::run(std::uint64_t most) {
  std::vector<ModelledUser> users;
  std::vector<ModelledUser> owners;
  for (std::uint64_t size = 1; size <= most && !HasFailure(); ++size) {
    // A new version in one of two entries, two at once in some.
    std::vector<Bytes> values;
    if (size == 1 || random_.coin()) values.push_back({static_cast<std::uint8_t>(size), 0});
    if (random_.below(4) == 0) values.push_back({static_cast<std::uint8_t>(size), 1});
    std::vector<ModelledLog::Growth> growth;
    if (!values.empty()) growth.push_back({label_, 0, values});
    log_.append(Timestamp{size * kGap}, growth);
    for (std::size_t i = 0; i < users.size() && !HasFailure(); ++i) {
      SCOPED_TRACE("from size " + std::to_string(i + 1) + " to " + std::to_string(size));
      come_back(users[i], owners[i]);
    }

    SCOPED_TRACE("at size " + std::to_string(size));
    users.push_back(log_.new_user(ContactPolicy::always, RecentPolicy::rightmost(4)));
    log_.search_greatest(users.back(), label_);
    owners.push_back(log_.new_user(ContactPolicy::as_required, RecentPolicy::rightmost(4)));
    if (const auto start = log_.tree().rightmost_distinguished())
      log_.become_owner(owners.back(), label_, *start);
    come_back(users.back(), owners.back());
  }
  log_.compare_prefix_tree();
}

TEST_P(SmallLogs, EveryEarlierUserComesBack) { run(10); }

class SmallLogsExpensive : public SmallLogs {};

TEST_P(SmallLogsExpensive, EveryEarlierUserComesBack) { run(40); }

std::string suite_and_durations(
    const ::testing::TestParamInfo<std::tuple<CipherSuite, Durations>>& info) {
  const auto& [suite, durations] = info.param;
  return std::string(suite == kP256Suite ? "P256" : "Ed25519") + durations.name;
}

INSTANTIATE_TEST_SUITE_P(Suites, SmallLogs,
                         ::testing::Combine(::testing::Values(kP256Suite, kEd25519Suite),
                                            ::testing::Values(kSomeDistinguished)),
                         suite_and_durations);

INSTANTIATE_TEST_SUITE_P(Durations, SmallLogsExpensive,
                         ::testing::Combine(::testing::Values(kEd25519Suite),
                                            ::testing::Values(kAllDistinguished, kSomeDistinguished,
                                                              kSomeExpired, kNoneDistinguished)),
                         suite_and_durations);

}  // namespace
}  // namespace kt::keytrans
