// One log, its callers, and what can go wrong around it.
#include "log/log.h"

#include <csignal>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <string>
#include <sys/resource.h>
#include <thread>

#include <gtest/gtest.h>

#include "keytrans/commitment.h"
#include "keytrans/vrf.h"
#include "log_fixture.h"

namespace kt::log {
namespace {

Bytes value_of(std::string_view text) { return to_bytes(text); }

class LogOfEachKind : public ::testing::TestWithParam<Kind> {
 protected:
  LogOfEachKind() : fixture_(GetParam()) { fixture_.open(); }
  LogFixture fixture_;
  const Label alice_ = make_label("alice@example.com");
};

INSTANTIATE_TEST_SUITE_P(, LogOfEachKind, ::testing::ValuesIn(all_kinds()), kind_name);

TEST_P(LogOfEachKind, UpdatesAreFound) {
  must(fixture_.update(alice_, std::nullopt, {value_of("0")}));
  must(fixture_.update(alice_, Version{0}, {value_of("1"), value_of("2")}));
  fixture_.audit();
  ClientState user = fixture_.newcomer();
  const auto found = fixture_.search(user, alice_);
  EXPECT_EQ(found.version, Version{2});
  EXPECT_EQ(found.value, value_of("2"));
  for (const std::uint32_t version : {0U, 1U, 2U})
    EXPECT_EQ(fixture_.search(user, alice_, Version{version}).value,
              value_of(std::to_string(version)));
}

// An owner verifies what it is answered, and goes on from there.
TEST_P(LogOfEachKind, OwnersFollowTheirLabels) {
  fixture_.clock.pass(20'000);
  must(fixture_.update(alice_, std::nullopt, {value_of("0")}));
  fixture_.audit();
  ClientState owner = fixture_.newcomer();
  const auto init = owner.owner_init_request(alice_, EntryIndex{0});
  must(owner.apply(
      must(owner.verify(init, must(keytrans::prove_owner_init(*must(fixture_.log().view()), init)),
                        fixture_.clock.now()))));
  // It does not know of version 0 yet.
  const auto learn = must(owner.update_request(alice_, {}));
  auto told = fixture_.update(alice_, std::nullopt, {});
  ASSERT_TRUE(told.has_value()) << told.error().detail;
  const auto proven = must(keytrans::prove_update(*must(fixture_.log().view()), learn, false));
  must(owner.apply(must(owner.verify(learn, proven, fixture_.clock.now()))));

  fixture_.clock.pass(5'000);
  must(fixture_.update(alice_, Version{0}, {value_of("1")}));
  fixture_.audit();
  const auto next = must(owner.update_request(alice_, {}));
  const auto response = must(keytrans::prove_update(*must(fixture_.log().view()), next, false));
  EXPECT_EQ(must(owner.apply(must(owner.verify(next, response, fixture_.clock.now())))).values,
            std::vector<Bytes>{value_of("1")});
  const auto monitor = must(owner.owner_monitor_request(alice_));
  must(owner.apply(must(owner.verify(
      monitor, must(keytrans::prove_owner_monitor(*must(fixture_.log().view()), monitor)),
      fixture_.clock.now()))));
}

TEST_P(LogOfEachKind, EverythingSurvivesARestart) {
  must(fixture_.update(alice_, std::nullopt, {value_of("0")}));
  fixture_.audit();
  ClientState user = fixture_.newcomer();
  fixture_.search(user, alice_);
  const TreeSize size = fixture_.log().state().size;
  fixture_.open();
  EXPECT_EQ(fixture_.log().state().size, size);
  must(fixture_.update(alice_, Version{0}, {value_of("1")}));
  fixture_.audit();
  EXPECT_EQ(fixture_.search(user, alice_).value, value_of("1"));
  fixture_.monitor(user);
}

// Random updates by several callers at once, with restarts, beside a map.
TEST_P(LogOfEachKind, BehavesLikeAMap) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  std::map<Label, std::vector<Bytes>> model;
  ClientState follower = fixture_.newcomer();
  std::uint64_t written = 0;
  for (int round = 0; round < 15; ++round) {
    fixture_.clock.pass(random() % 6'000);
    std::vector<std::future<Result<keytrans::UpdateResponse>>> answers;
    for (std::uint64_t label = random() % 3; label < 8; label += 1 + random() % 3) {
      auto& values = model[make_label("user" + std::to_string(label))];
      std::optional<Version> greatest;
      if (!values.empty()) greatest = Version{static_cast<std::uint32_t>(values.size() - 1)};
      std::vector<Bytes> added;
      for (std::uint64_t i = 0; i <= random() % 3; ++i)
        added.push_back(value_of("value " + std::to_string(++written)));
      answers.push_back(
          fixture_.submit(make_label("user" + std::to_string(label)), greatest, added));
      values.insert(values.end(), added.begin(), added.end());
    }
    for (auto& answer : answers) must(answer.get());
    fixture_.audit();
    if (random() % 6 == 0) fixture_.open();
    ClientState newcomer = fixture_.newcomer();
    for (const auto& [label, values] : model) {
      if (values.empty()) continue;
      for (ClientState* const user : {&follower, &newcomer}) {
        const auto found = fixture_.search(*user, label);
        ASSERT_EQ(found.version.value() + 1, values.size());
        ASSERT_EQ(found.value, values.back());
      }
      const std::uint64_t version = random() % values.size();
      ASSERT_EQ(
          fixture_.search(newcomer, label, Version{static_cast<std::uint32_t>(version)}).value,
          values[version]);
    }
    fixture_.monitor(follower);
  }
}

// --- Sequencing ------------------------------------------------------------------------------

class LogTest : public ::testing::Test {
 protected:
  [[nodiscard]] TreeSize size() { return fixture_.log().state().size; }
  LogFixture fixture_;
  const Label alice_ = make_label("alice@example.com");
  const Label bob_ = make_label("bob@example.com");
};

TEST_F(LogTest, AnEmptyLogGetsItsFirstEntry) {
  fixture_.open();
  EXPECT_EQ(size(), TreeSize{1});
  const auto request = fixture_.newcomer().search_request(alice_);
  expect_error(keytrans::prove_search(*must(fixture_.log().view()), request), Errc::not_found,
               "not in the log");
}

TEST_F(LogTest, UpdatesThatComeTogetherShareAnEntry) {
  fixture_.options.commit_window = std::chrono::milliseconds(300);
  fixture_.open();
  fixture_.open_window();
  std::vector<std::future<Result<keytrans::UpdateResponse>>> answers;
  for (int i = 0; i < 50; ++i)
    answers.push_back(fixture_.submit(make_label("user" + std::to_string(i)), std::nullopt,
                                      {value_of(std::to_string(i))}));
  for (auto& answer : answers) EXPECT_EQ(must(answer.get()).position, EntryIndex{1});
  EXPECT_EQ(size(), TreeSize{2});
  ClientState user = fixture_.newcomer();
  for (int i = 0; i < 50; ++i)
    EXPECT_EQ(fixture_.search(user, make_label("user" + std::to_string(i))).value,
              value_of(std::to_string(i)));
}

TEST_F(LogTest, ABatchIsClosedWhenItIsFull) {
  fixture_.options.commit_window = std::chrono::minutes(10);
  fixture_.options.commit_limit = 2;
  fixture_.open();
  fixture_.open_window();
  auto first = fixture_.submit(alice_, std::nullopt, {value_of("a")});
  auto second = fixture_.submit(bob_, std::nullopt, {value_of("b")});
  EXPECT_EQ(must(first.get()).position, EntryIndex{1});
  EXPECT_EQ(must(second.get()).position, EntryIndex{1});
}

// Who is alone does not wait for others. Who comes next does, so that entries stay a window apart.
TEST_F(LogTest, ALoneUpdateIsSequencedAtOnce) {
  fixture_.options.commit_window = std::chrono::hours(1);
  fixture_.options.commit_limit = 2;
  fixture_.open();
  EXPECT_EQ(must(fixture_.update(alice_, std::nullopt, {value_of("a")})).position, EntryIndex{1});
  auto second = fixture_.submit(bob_, std::nullopt, {value_of("b")});
  EXPECT_EQ(second.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
  auto third = fixture_.submit(alice_, Version{0}, {value_of("c")});
  EXPECT_EQ(must(second.get()).position, EntryIndex{2});
  EXPECT_EQ(must(third.get()).position, EntryIndex{2});
}

TEST_F(LogTest, ALoneUpdateAfterAnotherWaitsForTheRestOfTheWindow) {
  fixture_.options.commit_window = std::chrono::milliseconds(300);
  fixture_.open();
  const auto start = std::chrono::steady_clock::now();
  must(fixture_.update(alice_, std::nullopt, {value_of("0")}));
  must(fixture_.update(alice_, Version{0}, {value_of("1")}));
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(300));
  EXPECT_EQ(size(), TreeSize{3});
}

TEST_F(LogTest, CallersThatAreBehindAreToldWhatTheyMissed) {
  fixture_.open();
  must(fixture_.update(alice_, std::nullopt, {value_of("0")}));
  must(fixture_.update(alice_, Version{0}, {value_of("1")}));
  const auto told = must(fixture_.update(alice_, std::nullopt, {value_of("mine")}));
  ASSERT_EQ(told.values.size(), 1U);
  EXPECT_EQ(told.values[0].value, value_of("0"));
  const auto next = must(fixture_.update(alice_, Version{0}, {value_of("mine")}));
  EXPECT_EQ(next.values[0].value, value_of("1"));
  ClientState user = fixture_.newcomer();
  EXPECT_EQ(fixture_.search(user, alice_).value, value_of("1"));
}

// Of two callers who both know the same, one gets its way and the other learns of it, even if they
// come together.
TEST_F(LogTest, GivesItsLabelsPageByPage) {
  fixture_.open();
  EXPECT_TRUE(must(fixture_.log().labels(std::nullopt, 10)).empty());
  const Label short_one = make_label("z");
  must(fixture_.update(alice_, std::nullopt, {value_of("0")}));
  must(fixture_.update(alice_, Version{0}, {value_of("1")}));
  must(fixture_.update(bob_, std::nullopt, {value_of("0")}));
  must(fixture_.update(short_one, std::nullopt, {value_of("0")}));
  const std::vector<Label> all = must(fixture_.log().labels(std::nullopt, 10));
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0], short_one);
  EXPECT_EQ(std::set<Label>(all.begin(), all.end()), (std::set<Label>{alice_, bob_, short_one}));
  std::vector<Label> one_by_one;
  std::optional<Label> after;
  for (auto page = must(fixture_.log().labels(after, 1)); !page.empty();
       page = must(fixture_.log().labels(after, 1))) {
    ASSERT_EQ(page.size(), 1U);
    one_by_one.push_back(page[0]);
    after = page[0];
  }
  EXPECT_EQ(one_by_one, all);
}

TEST_F(LogTest, OfTwoUpdatesOfOneLabelTheFirstWins) {
  fixture_.options.commit_window = std::chrono::milliseconds(200);
  fixture_.open();
  fixture_.open_window();
  auto first = fixture_.submit(alice_, std::nullopt, {value_of("first")});
  auto second = fixture_.submit(alice_, std::nullopt, {value_of("second")});
  EXPECT_TRUE(must(first.get()).values.empty());
  const auto lost = must(second.get());
  ASSERT_EQ(lost.values.size(), 1U);
  EXPECT_EQ(lost.values[0].value, value_of("first"));
  EXPECT_EQ(size(), TreeSize{2});
}

TEST_F(LogTest, CallersThatAreAheadOrAskForNothingAreRefused) {
  fixture_.open();
  expect_error(fixture_.update(alice_, Version{0}, {value_of("1")}), Errc::conflict, "follows");
  expect_error(fixture_.update(alice_, std::nullopt, {}), Errc::conflict, "follows");
  must(fixture_.update(alice_, std::nullopt, {value_of("0")}));
  expect_error(fixture_.update(alice_, Version{0}, {}), Errc::conflict, "follows");
  expect_error(fixture_.update(alice_, Version{7}, {value_of("8")}), Errc::conflict, "follows");
  expect_error(fixture_.update(alice_, Version{0xffff'ffff}, {value_of("8")}), Errc::conflict,
               "follows");
  expect_error(fixture_.update(bob_, std::nullopt, std::vector<Bytes>(400)), Errc::rejected,
               "more versions than");
  EXPECT_EQ(size(), TreeSize{2});
}

TEST_F(LogTest, ValuesAreLimited) {
  fixture_.options.value_limit = 10;
  fixture_.open();
  expect_error(fixture_.update(alice_, std::nullopt, {Bytes(10), Bytes(11)}), Errc::rejected,
               "a value is longer than this log allows");
  must(fixture_.update(alice_, std::nullopt, {Bytes(10)}));
}

TEST_F(LogTest, AdvertisedTreesAreChecked) {
  fixture_.open();
  for (const std::uint64_t last : {std::uint64_t{0}, std::uint64_t{2}, ~std::uint64_t{0}}) {
    std::promise<Result<keytrans::UpdateResponse>> promise;
    must(fixture_.log().submit(
        keytrans::UpdateRequest{TreeSize{last}, alice_, std::nullopt, {{value_of("0")}}},
        [&promise](Result<keytrans::UpdateResponse> answer) {
          promise.set_value(std::move(answer));
        }));
    expect_error(promise.get_future().get(), last == 0 ? Errc::malformed : Errc::conflict,
                 "advertised tree");
  }
  EXPECT_EQ(size(), TreeSize{1});
}

TEST_F(LogTest, TooManyWaitingUpdatesAreRefused) {
  fixture_.options.commit_window = std::chrono::minutes(10);
  fixture_.options.queue_limit = 3;
  fixture_.open();
  fixture_.open_window();
  std::vector<std::future<Result<keytrans::UpdateResponse>>> answers;
  for (int i = 0; i < 3; ++i)
    answers.push_back(
        fixture_.submit(make_label("user" + std::to_string(i)), std::nullopt, {value_of("x")}));
  EXPECT_EQ(fixture_.log().state().waiting, 3U);
  expect_error(fixture_.update(alice_, std::nullopt, {value_of("x")}), Errc::unavailable,
               "too many updates");
  // Closing sequences what waits.
  fixture_.close();
  for (auto& answer : answers) EXPECT_TRUE(answer.get().has_value());
}

TEST_F(LogTest, EachModeHasItsOwnUpdates) {
  fixture_.open();
  const auto refused = fixture_.log().submit(keytrans::ManagerUpdateRequest{},
                                             [](Result<keytrans::UpdateResponse>) { FAIL(); });
  expect_error(refused, Errc::rejected, "only a manager");
  LogFixture managed({CipherSuite::KT_128_SHA256_P256, DeploymentMode::thirdPartyManagement});
  managed.open();
  const auto unsigned_update = managed.log().submit(
      keytrans::UpdateRequest{}, [](Result<keytrans::UpdateResponse>) { FAIL(); });
  expect_error(unsigned_update, Errc::rejected, "only signed updates");
}

// Readers are served while the log grows, each from one state of it.
TEST_F(LogTest, ReadersAndWritersDoNotDisturbEachOther) {
  fixture_.open();
  must(fixture_.update(alice_, std::nullopt, {value_of("0")}));
  std::atomic<bool> done = false;
  std::atomic<int> wrong = 0;
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      ClientState user = fixture_.newcomer();
      while (!done) {
        const auto found = fixture_.search(user, alice_);
        if (found.value != value_of(std::to_string(found.version.value()))) ++wrong;
      }
    });
  }
  for (std::uint32_t version = 1; version < 60; ++version) {
    fixture_.clock.pass(10);
    must(fixture_.update(alice_, Version{version - 1}, {value_of(std::to_string(version))}));
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0);
}

// A batch of which every attempt failed, on a machine that computed its VRFs too slowly.
TEST_F(LogTest, VrfsMayTakeLongerThanASnapshotMayBeOld) {
  constexpr int kUpdates = 400;
  const auto key = must(keytrans::VrfPrivateKey::generate(Kind{}.suite));
  const auto start = std::chrono::steady_clock::now();
  for (std::uint32_t i = 0; i < 20; ++i) must(key.prove(keytrans::vrf_input(alice_, Version{i})));
  const auto vrf = (std::chrono::steady_clock::now() - start) / 20;
  // The batch needs twice this: a VRF of each new version, and one of the ladder above it.
  fixture_.options.store.max_snapshot_age =
      std::chrono::duration_cast<std::chrono::milliseconds>(vrf * kUpdates);
  fixture_.options.vrf_threads = 1;
  fixture_.options.commit_window = std::chrono::minutes(10);
  fixture_.options.commit_limit = kUpdates;
  fixture_.open();

  // Other work on the machine may make the rest of a batch take long as well, but not each time.
  int refused = kUpdates;
  for (int attempt = 0; attempt < 5 && refused > 0; ++attempt) {
    fixture_.open_window();
    std::vector<std::future<Result<keytrans::UpdateResponse>>> answers;
    for (int i = 0; i < kUpdates; ++i) {
      const std::string name = std::to_string(attempt) + "user" + std::to_string(i);
      answers.push_back(fixture_.submit(make_label(name), std::nullopt, {value_of(name)}));
    }
    refused = 0;
    for (auto& answer : answers) refused += answer.get().has_value() ? 0 : 1;
  }
  EXPECT_EQ(refused, 0);
}

// --- Time ------------------------------------------------------------------------------------

TEST_F(LogTest, HeadsAreRefreshedBeforeTheyAreTooOld) {
  fixture_.open();
  ClientState user = fixture_.newcomer();
  fixture_.clock.pass(fixture_.configuration().max_behind / 2 + 1);
  fixture_.wait_for_size(2);
  const auto walk = user.distinguished_request();
  const auto response =
      must(keytrans::prove_distinguished(*must(fixture_.log().view()), walk, user.recent_policy()));
  EXPECT_TRUE(user.verify(walk, response, fixture_.clock.now()).has_value());
}

TEST_F(LogTest, ASealedLogSignsNoMoreAndIsServed) {
  fixture_.open();
  must(fixture_.update(alice_, std::nullopt, {value_of("0")}));
  const TreeSize last = size();
  EXPECT_FALSE(fixture_.log().state().is_sealed);
  fixture_.log().seal();
  const auto expect_sealed = [&] {
    EXPECT_TRUE(fixture_.log().state().is_sealed);
    expect_error(fixture_.update(alice_, Version{0}, {value_of("1")}), Errc::unavailable, "sealed");
    EXPECT_EQ(size(), last);
    ClientState user = fixture_.newcomer();
    EXPECT_EQ(fixture_.search(user, alice_).value, value_of("0"));
  };
  expect_sealed();
  fixture_.close();
  fixture_.options.is_sealed = true;
  fixture_.open();
  expect_sealed();
  // It does not stay fresh either: with the update there was time for a heartbeat.
  fixture_.clock.pass(fixture_.configuration().max_behind);
  expect_error(fixture_.update(alice_, Version{0}, {value_of("1")}), Errc::unavailable, "sealed");
  EXPECT_EQ(size(), last);
  fixture_.close();
  fixture_.options.is_sealed = false;
  fixture_.open();
  fixture_.wait_for_size(last.value() + 1);
}

TEST_F(LogTest, AClockThatStepsBackStopsGrowth) {
  fixture_.open();
  fixture_.clock.pass(10'000'000);
  fixture_.wait_for_size(2);
  const std::uint64_t right = fixture_.clock.now().value();
  fixture_.clock.set(right - 3'600'000);
  expect_error(fixture_.update(alice_, std::nullopt, {value_of("0")}), Errc::unavailable, "clock");
  EXPECT_EQ(fixture_.log().state().trouble, Trouble::clock_behind);
  EXPECT_EQ(size(), TreeSize{2});
  // Answers go on, and growth does when the clock is right again.
  EXPECT_TRUE(fixture_.log().view().has_value());
  fixture_.clock.set(right);
  must(fixture_.update(alice_, std::nullopt, {value_of("0")}));
  EXPECT_EQ(fixture_.log().state().trouble, Trouble::none);
}

// Also when the log was closed meanwhile, and only its last entry tells.
TEST_F(LogTest, AClockThatIsBehindTheLogStopsGrowth) {
  fixture_.open();
  fixture_.close();
  fixture_.clock.set(fixture_.clock.now().value() - 3'600'000);
  fixture_.open();
  expect_error(fixture_.update(alice_, std::nullopt, {value_of("0")}), Errc::unavailable,
               "behind the rightmost log entry");
}

TEST_F(LogTest, AClockThatIsALittleBehindIsWaitedFor) {
  fixture_.open();
  const std::uint64_t right = fixture_.clock.now().value();
  fixture_.clock.set(right - 1'000);
  auto answer = fixture_.submit(alice_, std::nullopt, {value_of("0")});
  EXPECT_EQ(answer.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
  fixture_.clock.set(right + 7);
  EXPECT_TRUE(answer.get().has_value());
  EXPECT_EQ(fixture_.log().state().rightmost_timestamp, Timestamp{right + 7});
}

TEST_F(LogTest, AFrozenClockIsNoticed) {
  fixture_.open();
  fixture_.clock.stand_still(30'000);
  fixture_.wait_for_trouble(Trouble::clock_behind);
  expect_error(fixture_.update(alice_, std::nullopt, {value_of("0")}), Errc::unavailable,
               "stands still");
}

TEST_F(LogTest, AClockThatLeapsForwardStopsGrowthUntilTheLogIsOpenedAgain) {
  fixture_.open();
  constexpr std::uint64_t kTenYears = std::uint64_t{10} * 365 * 86'400'000;
  fixture_.clock.set(fixture_.clock.now().value() + kTenYears);
  fixture_.wait_for_trouble(Trouble::clock_ahead);
  expect_error(fixture_.update(alice_, std::nullopt, {value_of("0")}), Errc::unavailable,
               "leapt forward");
  EXPECT_EQ(size(), TreeSize{1});
  fixture_.open();
  must(fixture_.update(alice_, std::nullopt, {value_of("0")}));
}

// --- Copies ----------------------------------------------------------------------------------

class LogCopies : public LogTest {
 protected:
  void copy(const char* from, const char* to) const {
    std::filesystem::remove_all(fixture_.path() / to);
    std::filesystem::copy(fixture_.path() / from, fixture_.path() / to,
                          std::filesystem::copy_options::recursive);
  }
};

TEST_F(LogCopies, ARestoredDatabaseIsRefused) {
  fixture_.open();
  fixture_.close();
  copy("database", "backup");
  fixture_.open();
  must(fixture_.update(alice_, std::nullopt, {value_of("0")}));
  fixture_.close();
  copy("backup", "database");
  expect_error(fixture_.try_open(), Errc::rejected, "it is an old copy");
}

// The same number of entries, but not the same entries.
TEST_F(LogCopies, ADatabaseOfAnotherHistoryIsRefused) {
  fixture_.open();
  fixture_.close();
  copy("database", "backup");
  std::filesystem::copy(fixture_.path() / "head", fixture_.path() / "head-backup");
  fixture_.open();
  must(fixture_.update(alice_, std::nullopt, {value_of("one")}));
  fixture_.close();
  std::filesystem::rename(fixture_.path() / "head", fixture_.path() / "head-signed");
  copy("backup", "database");
  std::filesystem::rename(fixture_.path() / "head-backup", fixture_.path() / "head");
  fixture_.open();
  must(fixture_.update(alice_, std::nullopt, {value_of("another")}));
  fixture_.close();
  std::filesystem::rename(fixture_.path() / "head-signed", fixture_.path() / "head");
  expect_error(fixture_.try_open(), Errc::rejected, "another history");
}

TEST_F(LogCopies, ALogWithoutItsHeadFileIsRefused) {
  std::filesystem::remove(fixture_.path() / "head");
  expect_error(fixture_.try_open(), Errc::rejected, "the head file is missing");
}

TEST_F(LogCopies, OfADamagedHeadFileTheOtherSlotCounts) {
  fixture_.open();
  must(fixture_.update(alice_, std::nullopt, {value_of("0")}));
  fixture_.close();
  // Entry 0 was noted in one slot, entry 1 in the other.
  for (const std::streamoff slot : {0, 512}) {
    const auto head = fixture_.path() / "head";
    const auto sound = fixture_.path() / "sound";
    std::filesystem::copy_file(head, sound, std::filesystem::copy_options::overwrite_existing);
    std::fstream file(head, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(slot + 20);
    file.put('\x7f');
    file.close();
    EXPECT_TRUE(fixture_.try_open().has_value()) << slot;
    std::filesystem::rename(sound, head);
  }
  std::ofstream(fixture_.path() / "head", std::ios::trunc) << std::string(1024, 'x');
  expect_error(fixture_.try_open(), Errc::corrupt, "holds no head");
}

// --- Opening and creating --------------------------------------------------------------------

TEST_F(LogTest, ALogIsOpenOnce) {
  fixture_.open();
  const auto start = std::chrono::steady_clock::now();
  expect_error(fixture_.try_open(), Errc::conflict, "open already");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(1));
  must(fixture_.update(alice_, std::nullopt, {value_of("0")}));
}

TEST_F(LogTest, TwoLogsAreIndependent) {
  LogFixture other;
  fixture_.open();
  other.open();
  must(fixture_.update(alice_, std::nullopt, {value_of("here")}));
  must(other.update(alice_, std::nullopt, {value_of("there")}));
  EXPECT_NE(fixture_.log().configuration().id(), other.log().configuration().id());
  ClientState user = fixture_.newcomer();
  EXPECT_EQ(fixture_.search(user, alice_).value, value_of("here"));
  ClientState other_user = other.newcomer();
  EXPECT_EQ(other.search(other_user, alice_).value, value_of("there"));
}

TEST_F(LogTest, WhereThereIsNoLogNoneIsOpened) {
  expect_error(Log::open(fixture_.path() / "nowhere"), Errc::not_found, "no log");
  EXPECT_FALSE(std::filesystem::exists(fixture_.path() / "nowhere"));
}

TEST_F(LogTest, AnotherLogsKeysAreRefused) {
  LogFixture other;
  for (const char* const key : {"signature.pem", "vrf.pem"}) {
    std::filesystem::rename(fixture_.path() / key, fixture_.path() / "kept");
    expect_error(fixture_.try_open(), Errc::not_found, "");
    std::filesystem::copy_file(other.path() / key, fixture_.path() / key);
    expect_error(fixture_.try_open(), Errc::rejected, "not the key of this log");
    std::filesystem::rename(fixture_.path() / "kept", fixture_.path() / key);
  }
  std::filesystem::permissions(fixture_.path() / "vrf.pem", std::filesystem::perms::group_read,
                               std::filesystem::perm_options::add);
  expect_error(fixture_.try_open(), Errc::rejected, "");
}

TEST_F(LogTest, NothingIsOverwritten) {
  const auto again = create_log(fixture_.path(), fixture_.configuration());
  expect_error(again, Errc::conflict, "already");
  EXPECT_TRUE(fixture_.try_open().has_value());
}

TEST_F(LogTest, WhatCannotBeALogIsNotLeftBehind) {
  Configuration bad = fixture_.configuration();
  bad.mode = DeploymentMode::thirdPartyAuditing;  // without an auditor's key
  const auto path = fixture_.path() / "bad";
  expect_error(create_log(path, bad), Errc::malformed, "");
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_FALSE(std::filesystem::exists(path.string() + ".new"));
}

TEST_F(LogTest, OnlyItsOwnerHasAccess) {
  EXPECT_EQ(std::filesystem::status(fixture_.path()).permissions(),
            std::filesystem::perms::owner_all);
  for (const auto& file : std::filesystem::recursive_directory_iterator(fixture_.path())) {
    if (file.path().filename() == "configuration") continue;  // for everyone
    EXPECT_EQ(file.status().permissions() &
                  (std::filesystem::perms::group_all | std::filesystem::perms::others_all),
              std::filesystem::perms::none)
        << file.path();
  }
}

TEST_F(LogTest, ItsConfigurationIsInAFileForClients) {
  std::ifstream file(fixture_.path() / "configuration", std::ios::binary);
  const Bytes bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  fixture_.open();
  const auto read = must(keytrans::decode<Configuration>(bytes));
  EXPECT_EQ(read, fixture_.log().configuration().wire());
}

TEST_F(LogTest, ADirectoryNameMayEndInASlash) {
  must(create_log(fixture_.path().string() + "2/", fixture_.configuration()));
  EXPECT_TRUE(Log::open(fixture_.path().string() + "2").has_value());
}

// Looking for a log where there is none leaves nothing behind.
TEST_F(LogTest, ADirectoryWithoutADatabaseStaysAsItIs) {
  std::filesystem::remove(fixture_.path() / "database" / "data.mdb");
  expect_error(fixture_.try_open(), Errc::not_found, "");
  EXPECT_FALSE(std::filesystem::exists(fixture_.path() / "database" / "data.mdb"));
}

// --- Room ------------------------------------------------------------------------------------

// Whoever writes must not wait for a snapshot of their own.
TEST_F(LogTest, ADatabaseOutgrowsItsMap) {
  fixture_.options.store.initial_map_size = std::uint64_t{1} << 20;
  fixture_.open();
  for (std::uint32_t i = 0; i < 4; ++i) {
    const auto version = i == 0 ? std::nullopt : std::optional(Version{i - 1});
    must(fixture_.update(alice_, version, {Bytes(1'000'000, 0x61)}));
  }
  EXPECT_GT(fixture_.log().state().usage.used, std::uint64_t{4'000'000});
}

// The system's limit on file sizes stands for a disk without room: the write fails the same way.
TEST_F(LogTest, WithoutRoomUpdatesAreRefusedAndNothingIsLost) {
  fixture_.options.value_limit = 500'000;
  fixture_.open();
  must(fixture_.update(alice_, std::nullopt, {value_of("0")}));
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit full{std::filesystem::file_size(fixture_.path() / "database" / "data.mdb"),
                    before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &full), 0);
  const auto refused = fixture_.update(bob_, std::nullopt, {Bytes(500'000)});
  ClientState user = fixture_.newcomer();
  const auto found = fixture_.search(user, alice_);
  const Trouble trouble = fixture_.log().state().trouble;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);

  expect_error(refused, Errc::unavailable, "cannot be written");
  EXPECT_EQ(trouble, Trouble::storage);
  EXPECT_EQ(found.value, value_of("0"));
  must(fixture_.update(bob_, std::nullopt, {Bytes(500'000)}));
  EXPECT_EQ(fixture_.search(user, bob_).value, Bytes(500'000));
  EXPECT_EQ(fixture_.log().state().trouble, Trouble::none);
}

}  // namespace
}  // namespace kt::log
