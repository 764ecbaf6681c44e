// How many versions are new, and when, is hidden: entries come at ticks, with fakes beside what is
// real.
#include <string>

#include <gtest/gtest.h>

#include "log_fixture.h"

namespace kt::log {
namespace {

constexpr std::uint64_t kInterval = 1'000;
constexpr std::chrono::milliseconds kLongerThanItLooks{300};  // at the clock, with nothing to do

class PaddedLog : public ::testing::TestWithParam<DeploymentMode> {
 protected:
  void open(std::size_t pairs) {
    fixture_.options.padding = {std::chrono::milliseconds(kInterval), pairs};
    fixture_.open();
  }
  [[nodiscard]] bool is_audited() const { return GetParam() == DeploymentMode::thirdPartyAuditing; }
  [[nodiscard]] std::uint64_t size() { return fixture_.log().state().size.value(); }
  // So many values for a label of its own.
  auto submit(const std::string& label, std::size_t values) {
    return fixture_.submit(make_label(label), std::nullopt,
                           std::vector<Bytes>(values, to_bytes(label)));
  }
  // The next entry is made.
  void tick() {
    const std::uint64_t before = size();
    fixture_.clock.pass(kInterval);
    fixture_.wait_for_size(before + 1);
  }
  // How many leaves an auditor is told that the entry has.
  [[nodiscard]] std::size_t leaves(std::uint64_t entry) {
    const auto update = must(fixture_.log().auditor_update(EntryIndex{entry}));
    EXPECT_EQ(update.proof.results.size(), update.added.size());
    EXPECT_TRUE(update.removed.empty());
    return update.added.size();
  }

  LogFixture fixture_{{CipherSuite::KT_128_SHA256_Ed25519, GetParam()}};
};

INSTANTIATE_TEST_SUITE_P(, PaddedLog,
                         ::testing::Values(DeploymentMode::contactMonitoring,
                                           DeploymentMode::thirdPartyManagement,
                                           DeploymentMode::thirdPartyAuditing),
                         [](const auto& mode) {
                           return kind_name({{CipherSuite::KT_128_SHA256_Ed25519, mode.param}, 0});
                         });

TEST_P(PaddedLog, EntriesAreMadeAtTicksAlone) {
  open(8);
  const Timestamp start = fixture_.clock.now();
  fixture_.clock.pass(kInterval - 1);
  auto answer = submit("alice", 1);
  EXPECT_EQ(answer.wait_for(kLongerThanItLooks), std::future_status::timeout);
  EXPECT_EQ(size(), 1U);
  fixture_.clock.pass(1);
  EXPECT_EQ(must(answer.get()).position, EntryIndex{1});
  EXPECT_EQ(fixture_.log().state().rightmost_timestamp, Timestamp{start.value() + kInterval});
  // Nobody asks for this one.
  tick();
  // Ticks that were missed are not made up for.
  fixture_.clock.pass(kInterval * 5 + 10);
  fixture_.wait_for_size(4);
  auto late = submit("bob", 1);
  EXPECT_EQ(late.wait_for(kLongerThanItLooks), std::future_status::timeout);
  fixture_.clock.pass(kInterval - 10);
  EXPECT_EQ(must(late.get()).position, EntryIndex{4});
  EXPECT_EQ(fixture_.log().state().rightmost_timestamp, Timestamp{start.value() + kInterval * 8});
}

TEST_P(PaddedLog, TheCadenceGoesOnWhenItIsOpenedAgain) {
  open(8);
  fixture_.clock.pass(kInterval - 300);
  fixture_.open();
  auto answer = submit("alice", 1);
  EXPECT_EQ(answer.wait_for(kLongerThanItLooks), std::future_status::timeout);
  fixture_.clock.pass(300);
  EXPECT_EQ(must(answer.get()).position, EntryIndex{1});
}

// An entry with real versions looks like one without, and users find what is real.
TEST_P(PaddedLog, FakesFillEveryEntryUp) {
  open(8);
  auto few = submit("few", 3);
  tick();
  EXPECT_EQ(must(few.get()).position, EntryIndex{1});
  tick();
  auto all = submit("all", 8);
  tick();
  EXPECT_EQ(must(all.get()).position, EntryIndex{3});
  auto many = submit("many", 9);
  tick();
  EXPECT_EQ(must(many.get()).position, EntryIndex{4});
  if (is_audited()) {
    EXPECT_EQ(leaves(0), 8U);
    EXPECT_EQ(leaves(1), 8U);
    EXPECT_EQ(leaves(2), 8U);
    EXPECT_EQ(leaves(3), 8U);
    EXPECT_EQ(leaves(4), 16U);
  }
  fixture_.audit();
  ClientState user = fixture_.newcomer();
  for (const auto& [label, greatest] : {std::pair("few", 2U), {"all", 7U}, {"many", 8U}}) {
    const auto found = fixture_.search(user, make_label(label));
    EXPECT_EQ(found.version, Version{greatest});
    EXPECT_EQ(found.value, to_bytes(label));
  }
}

// Among so many leaves a label's has company on its way to the root, which users and auditors see
// in every mode.
TEST_P(PaddedLog, AnEmptyLogIsPaddedToBeginWith) {
  fixture_.options.initial_padding = 600;
  fixture_.open();
  const std::uint64_t made = is_audited() ? 3 : 1;
  EXPECT_EQ(size(), made);
  if (is_audited()) {
    EXPECT_EQ(leaves(0), 255U);
    EXPECT_EQ(leaves(1), 255U);
    EXPECT_EQ(leaves(2), 90U);
  }
  must(fixture_.update(make_label("alice"), std::nullopt, {to_bytes("a")}));
  fixture_.audit();
  ClientState user = fixture_.newcomer();
  EXPECT_EQ(fixture_.search(user, make_label("alice")).value, to_bytes("a"));
  const auto proof = must(keytrans::prove_search(
      *must(fixture_.log().view()),
      fixture_.newcomer().search_request(make_label("alice"), std::nullopt)));
  EXPECT_GE(proof.search.prefix_proofs.back().elements.size(), 4U);
  // Once.
  fixture_.open();
  EXPECT_EQ(size(), made + 1);
}

TEST_P(PaddedLog, UpdatesThatWaitForATickAreLimited) {
  fixture_.options.queue_limit = 2;
  open(8);
  auto first = submit("first", 1);
  auto second = submit("second", 1);
  expect_error(submit("third", 1).get(), Errc::unavailable, "too many updates");
  // Who closes the log does not wait for the tick.
  fixture_.close();
  EXPECT_TRUE(first.get().has_value());
  EXPECT_TRUE(second.get().has_value());
}

TEST_P(PaddedLog, PaddingThatCannotBeIsRefused) {
  using Milliseconds = std::chrono::milliseconds;
  const auto expect_rejected = [this](Milliseconds interval, std::size_t pairs,
                                      std::string_view about) {
    fixture_.options.padding = {interval, pairs};
    expect_error(fixture_.try_open(), Errc::rejected, about);
  };
  const Milliseconds second(1'000);
  expect_rejected(second, 0, "or neither");
  expect_rejected(Milliseconds(0), 8, "or neither");
  expect_rejected(Milliseconds(-1), 8, "negative");
  expect_rejected(std::chrono::hours(25), 8, "longer than a day");
  const auto half = static_cast<std::int64_t>(fixture_.configuration().max_behind / 2);
  expect_rejected(Milliseconds(half + 1), 8, "max_behind");
  expect_rejected(second, is_audited() ? 256 : 10'001, "more pairs than");
  fixture_.options.padding = {Milliseconds(half), is_audited() ? 255U : 10'000U};
  EXPECT_TRUE(fixture_.try_open().has_value());
}

// An entry that an auditor is told of has room for two times 100 pairs.
TEST(PaddedAuditedLog, RealVersionsLeaveRoomForFakes) {
  LogFixture fixture({CipherSuite::KT_128_SHA256_Ed25519, DeploymentMode::thirdPartyAuditing});
  fixture.options.padding = {std::chrono::milliseconds(kInterval), 100};
  fixture.open();
  const auto submit = [&fixture](const char* label, std::size_t values) {
    return fixture.submit(make_label(label), std::nullopt, std::vector<Bytes>(values));
  };
  auto first = submit("first", 150);
  auto second = submit("second", 51);
  auto third = submit("third", 201);
  fixture.clock.pass(kInterval);
  EXPECT_EQ(must(first.get()).position, EntryIndex{1});
  expect_error(third.get(), Errc::rejected, "an auditor can be told of");
  fixture.clock.pass(kInterval);
  EXPECT_EQ(must(second.get()).position, EntryIndex{2});
  EXPECT_EQ(must(fixture.log().auditor_update(EntryIndex{1})).added.size(), 200U);
  EXPECT_EQ(must(fixture.log().auditor_update(EntryIndex{2})).added.size(), 100U);
  fixture.audit();
  EXPECT_EQ(fixture.log().state().audited, TreeSize{3});
}

// Leaves that leave an audited log take the room of fakes, but no more of it than they need.
TEST(PaddedAuditedLog, ErasedLabelsLeaveThoughEveryEntryIsFull) {
  LogFixture fixture({CipherSuite::KT_128_SHA256_Ed25519, DeploymentMode::thirdPartyAuditing});
  fixture.options.padding = {std::chrono::milliseconds(kInterval), 255};
  fixture.open();
  const Label alice = make_label("alice");
  auto made = fixture.submit(alice, std::nullopt, std::vector<Bytes>(200));
  fixture.clock.pass(kInterval);
  EXPECT_EQ(must(made.get()).position, EntryIndex{1});
  must(fixture.log().erase({alice}));
  for (std::uint64_t size = 3; size <= 5; ++size) {
    fixture.clock.pass(2 * fixture.configuration().reasonable_monitoring_window);
    fixture.wait_for_size(size);
  }
  const std::vector<std::pair<std::size_t, std::size_t>> expected{{128, 127}, {182, 73}, {255, 0}};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const auto update = must(fixture.log().auditor_update(EntryIndex{2 + i}));
    EXPECT_EQ(std::pair(update.added.size(), update.removed.size()), expected[i]);
  }
  fixture.audit();
  EXPECT_EQ(fixture.log().state().audited, TreeSize{5});
}

}  // namespace
}  // namespace kt::log
