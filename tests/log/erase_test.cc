// A label that was erased, beside one that was not, from when its values go until nothing is left.
#include "log/erase.h"

#include <fstream>
#include <set>

#include "closed_log.h"
#include "keytrans/ladder.h"
#include "log/compact.h"
#include "log/fsck.h"
#include "log/prune.h"
#include "log/statistics.h"
#include "log_fixture.h"
#include "log_view.h"

namespace kt::log {
namespace {

constexpr std::uint64_t kLifetime = 100'000;  // milliseconds
constexpr std::uint64_t kWindow = 10'000;     // the fixture's Reasonable Monitoring Window

class ErasedLabel : public ::testing::TestWithParam<Kind> {
 protected:
  ErasedLabel() {
    fixture_.options.prune_interval = std::chrono::hours(1);
    fixture_.open();
  }

  [[nodiscard]] static Kind kind() {
    Kind kind = GetParam();
    kind.lifetime = kLifetime;
    return kind;
  }
  [[nodiscard]] static bool is_audited() {
    return GetParam().mode == DeploymentMode::thirdPartyAuditing;
  }
  void update(const Label& label, std::optional<Version> greatest,
              const std::vector<Bytes>& values) {
    must(fixture_.update(label, greatest, values));
    fixture_.audit();
  }
  void next_entry() {
    update(bob_, bobs_, {Bytes{7}});
    bobs_ = Version{bobs_ ? bobs_->value() + 1 : 0};
  }
  // An entry with which what was the rightmost one becomes distinguished.
  void move_on() {
    fixture_.clock.pass(2 * kWindow);
    next_entry();
  }
  void reopen() {
    fixture_.close();
    const FsckReport report = must(fsck(fixture_.path()));
    EXPECT_EQ(report.faults, std::vector<std::string>());
    fixture_.open();
  }
  void prune() {
    fixture_.close();
    must(prune_log(fixture_.path()));
    fixture_.open();
  }
  [[nodiscard]] Statistics statistics() {
    fixture_.close();
    Statistics counted = must(read_statistics(fixture_.path()));
    fixture_.open();
    return counted;
  }
  [[nodiscard]] Result<keytrans::SearchResponse> prove_search(const Label& label,
                                                              std::optional<Version> version = {}) {
    const ClientState user = fixture_.newcomer();
    return keytrans::prove_search(*must(fixture_.log().view()),
                                  user.search_request(label, version));
  }
  [[nodiscard]] std::size_t removed_in(std::uint64_t entry) {
    return must(fixture_.log().auditor_update(EntryIndex{entry})).removed.size();
  }
  [[nodiscard]] std::uint64_t size() { return fixture_.log().state().size.value(); }

  LogFixture fixture_{kind()};
  const Label alice_ = make_label("alice@example.com");
  const Label bob_ = make_label("bob@example.com");
  std::optional<Version> bobs_;  // greatest
};

INSTANTIATE_TEST_SUITE_P(Kinds, ErasedLabel, ::testing::ValuesIn(all_kinds()), kind_name);

TEST_P(ErasedLabel, IsMonitoredButNotFoundUntilItIsRemoved) {
  update(alice_, std::nullopt, {Bytes{1}, Bytes{2}});
  move_on();
  update(make_label("carol"), std::nullopt, {Bytes{3}});
  update(make_label("dan"), std::nullopt, {Bytes{4}});
  ASSERT_EQ(size(), 5U);
  ClientState user = fixture_.newcomer();
  fixture_.search(user, alice_);
  fixture_.search(user, bob_);
  fixture_.close();
  EXPECT_EQ(must(erase_labels(fixture_.path(), {alice_})), 2U);
  EXPECT_EQ(must(erase_labels(fixture_.path(), {alice_})), 0U);
  fixture_.open();
  EXPECT_EQ(statistics().erased_labels, 1U);

  expect_error(prove_search(alice_), Errc::not_found, "the value was erased");
  expect_error(prove_search(alice_, Version{0}), Errc::not_found, "the value was erased");
  // What was the rightmost entry is not distinguished yet.
  fixture_.clock.pass(kWindow / 2);
  update(make_label("eve"), std::nullopt, {Bytes{5}});
  expect_error(fixture_.update(alice_, Version{1}, {Bytes{5}}), Errc::rejected,
               "the label was erased");
  expect_error(prove_search(alice_), Errc::not_found, "the value was erased");
  fixture_.monitor(user);
  ClientState other = fixture_.newcomer();
  EXPECT_EQ(fixture_.search(other, bob_).value, Bytes{7});

  move_on();
  EXPECT_EQ(fixture_.search(other, bob_).value, Bytes{7});
  expect_error(prove_search(alice_), Errc::not_found, "the label is not in the log");
  const Statistics counted = statistics();
  EXPECT_EQ(counted.erased_labels, 0U);
  EXPECT_EQ(counted.leaving_leaves, 0U);
  EXPECT_EQ(counted.pseudonyms, 1U);
  EXPECT_EQ(counted.labels, 4U);
  reopen();
}

TEST_P(ErasedLabel, IsErasedInALogThatRuns) {
  update(alice_, std::nullopt, {Bytes{1}, Bytes{2}});
  expect_error(fixture_.log().erase({alice_, make_label("nobody")}), Errc::not_found,
               "the label is not in the log");
  EXPECT_EQ(must(prove_search(alice_)).value.value, Bytes{2});
  EXPECT_EQ(must(fixture_.log().erase({alice_})), 2U);
  EXPECT_EQ(must(fixture_.log().erase({alice_})), 0U);
  expect_error(prove_search(alice_), Errc::not_found, "the value was erased");
  move_on();
  expect_error(prove_search(alice_), Errc::not_found, "the label is not in the log");
  expect_error(fixture_.log().erase({alice_}), Errc::not_found, "the label is not in the log");
  if (is_audited()) {
    EXPECT_EQ(removed_in(size() - 1), 2U);
  }
  reopen();
}

// Nobody asks for an entry.
TEST_P(ErasedLabel, IsRemovedByAHeartbeat) {
  update(alice_, std::nullopt, {Bytes{1}});
  must(fixture_.log().erase({alice_}));
  const std::uint64_t before = size();
  fixture_.clock.pass(600'000);
  fixture_.wait_for_size(before + 1);
  fixture_.audit();
  expect_error(prove_search(alice_), Errc::not_found, "the label is not in the log");
  EXPECT_EQ(statistics().versions, 0U);
}

TEST_P(ErasedLabel, HasToBeInTheLog) {
  update(alice_, std::nullopt, {Bytes{1}});
  fixture_.close();
  expect_error(erase_labels(fixture_.path(), {alice_, bob_}), Errc::not_found,
               "the label is not in the log");
  EXPECT_EQ(must(erase_labels(fixture_.path(), {alice_})), 1U);
}

TEST_P(ErasedLabel, IsNotMadeAnewBeforeItsEntriesAreExpired) {
  update(alice_, std::nullopt, {Bytes{1}});
  must(fixture_.log().erase({alice_}));
  move_on();
  const std::uint64_t before = size();
  // Beside it another label is made, of which nothing was known either.
  fixture_.options.commit_window = std::chrono::milliseconds(50);
  fixture_.open();
  fixture_.open_window();
  auto anew = fixture_.submit(alice_, std::nullopt, {Bytes{2}});
  auto carol = fixture_.submit(make_label("carol"), std::nullopt, {Bytes{3}});
  expect_error(anew.get(), Errc::rejected, "the label was erased");
  must(carol.get());
  EXPECT_EQ(size(), before + 1);
  fixture_.audit();
  // Alone, it makes no entry.
  expect_error(fixture_.update(alice_, std::nullopt, {Bytes{2}}), Errc::rejected,
               "the label was erased");
  EXPECT_EQ(size(), before + 1);
  // An owner cannot begin with it, for older trees have it.
  const EntryIndex start = EntryIndex{before - 2};
  const auto request = fixture_.newcomer().owner_init_request(alice_, start);
  expect_error(keytrans::prove_owner_init(*must(fixture_.log().view()), request), Errc::not_found,
               "the label is not in the log");

  fixture_.clock.pass(kLifetime);
  move_on();
  fixture_.clock.pass(kLifetime);
  move_on();
  EXPECT_EQ(statistics().pseudonyms, 1U);
  prune();
  EXPECT_EQ(statistics().pseudonyms, 0U);
  update(alice_, std::nullopt, {Bytes{2}});
  ClientState user = fixture_.newcomer();
  const auto found = fixture_.search(user, alice_);
  EXPECT_EQ(found.version, Version{0});
  EXPECT_EQ(found.value, Bytes{2});
  reopen();
}

// --- More than fits into an entry

TEST_P(ErasedLabel, OfManyVersionsLeavesWithSeveralEntries) {
  constexpr std::uint32_t kVersions = 700;
  std::optional<Version> greatest;
  for (std::uint32_t version = 0; version < kVersions; version += 100) {
    update(alice_, greatest, std::vector<Bytes>(100, Bytes{1}));
    greatest = Version{version + 99};
  }
  update(make_label("carol"), std::nullopt, {Bytes{3}});
  must(fixture_.log().erase({alice_, make_label("carol")}));
  ClientState user = fixture_.newcomer();
  move_on();
  expect_error(prove_search(alice_), Errc::not_found, "the label is not in the log");
  // An entry with one update has room for 127 leaves and what covers them; carol's was the first.
  EXPECT_EQ(statistics().leaving_leaves, is_audited() ? kVersions - 126 : 0U);
  std::uint64_t entries = 1;
  while (statistics().leaving_leaves > 0) {
    expect_error(fixture_.update(alice_, std::nullopt, {Bytes{2}}), Errc::rejected,
                 "the label was erased");
    next_entry();
    reopen();
    EXPECT_EQ(fixture_.search(user, bob_).value, Bytes{7});
    ++entries;
    ASSERT_LE(entries, 10U);
  }
  EXPECT_EQ(entries, is_audited() ? 6U : 1U);
  EXPECT_EQ(statistics().pseudonyms, 2U);
}

// --- Between two steps of growth

// A view may begin when the entry is durable and not yet served: the label is still in its tree.
TEST_P(ErasedLabel, IsNotMissedByAViewThatBeginsWhileItIsRemoved) {
  update(alice_, std::nullopt, {Bytes{1}});
  must(fixture_.log().erase({alice_}));
  std::atomic<bool> armed = false;
  std::optional<Error> seen;
  fixture_.options.at_step = [&](std::string_view step) {
    if (!armed || step != "committed") return;
    armed = false;
    const auto refused = prove_search(alice_);
    if (!refused) seen = refused.error();
  };
  fixture_.open();
  armed = true;
  move_on();
  EXPECT_EQ(seen, (Error{Errc::not_found, "the label is not in the log"}));
}

// --- What is left in the files

class RemainsOfALabel : public ErasedLabel {
 protected:
  [[nodiscard]] bool files_contain(const Bytes& bytes) const {
    for (const auto& file : std::filesystem::recursive_directory_iterator(fixture_.path())) {
      if (!file.is_regular_file()) continue;
      std::ifstream in(file.path(), std::ios::binary);
      const Bytes all{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
      if (std::search(all.begin(), all.end(), bytes.begin(), bytes.end()) != all.end()) return true;
    }
    return false;
  }
  // What nobody may find of a label with `versions` versions: all VRF outputs that were stored, its
  // openings and commitments.
  [[nodiscard]] std::vector<Bytes> traces(const Label& label) {
    fixture_.close();
    std::vector<Bytes> traces{to_bytes(label.bytes())};
    {
      const ClosedLog log = must(open_closed_log(fixture_.path()));
      const auto snapshot = must(log.store->snapshot());
      must(snapshot->scan(log.tables.versions, version_key(label, Version{0}),
                          [&](const store::Record& record) -> Result<bool> {
                            if (!version_of(label, record.key)) return false;
                            const auto stored = must(decode_record<StoredVersion>(record.value));
                            traces.push_back(to_bytes(stored.vrf.output));
                            traces.push_back(stored.vrf.proof);
                            if (stored.place) traces.push_back(to_bytes(stored.place->commitment));
                            return true;
                          }));
      must(snapshot->scan(log.tables.values, version_key(label, Version{0}),
                          [&](const store::Record& record) -> Result<bool> {
                            if (!version_of(label, record.key)) return false;
                            const auto value =
                                must(decode_record<keytrans::CommittedValue>(record.value));
                            traces.push_back(to_bytes(value.opening));
                            traces.push_back(value.update.value);
                            return true;
                          }));
    }
    fixture_.open();
    return traces;
  }
};

INSTANTIATE_TEST_SUITE_P(Kinds, RemainsOfALabel, ::testing::ValuesIn(all_kinds()), kind_name);

TEST_P(RemainsOfALabel, AreNowhereInTheEnd) {
  for (int i = 0; i < 40; ++i)
    update(make_label("user" + std::to_string(i)), std::nullopt, {Bytes{1}});
  update(alice_, std::nullopt, {to_bytes("alice's first secret"), to_bytes("her second secret")});
  update(alice_, Version{1}, {to_bytes("alice's third secret")});
  move_on();
  const std::vector<Bytes> traces = this->traces(alice_);
  ASSERT_GE(traces.size(), 1U + 3 * 3 + 2 + 3 * 2);
  for (const Bytes& trace : traces) EXPECT_TRUE(files_contain(trace));

  must(fixture_.log().erase({alice_}));
  move_on();
  fixture_.clock.pass(kLifetime);
  move_on();
  fixture_.clock.pass(kLifetime);
  move_on();
  fixture_.close();
  must(prune_log(fixture_.path()));
  must(compact_log(fixture_.path()));
  for (std::size_t i = 0; i < traces.size(); ++i) EXPECT_FALSE(files_contain(traces[i])) << i;
  EXPECT_TRUE(files_contain(to_bytes(bob_.bytes())));
  EXPECT_EQ(must(fsck(fixture_.path())).faults, std::vector<std::string>());
}

}  // namespace
}  // namespace kt::log
