// What is left of a log when entries pass their maximum lifetime.
#include "log/prune.h"

#include <thread>

#include "closed_log.h"
#include "log_fixture.h"
#include "prefix_store.h"

namespace kt::log {
namespace {

using keytrans::PrefixChild;
using keytrans::PrefixNode;
using keytrans::PrefixParent;

constexpr std::uint64_t kLifetime = 100'000;  // milliseconds

class PrunedLog : public ::testing::TestWithParam<Kind> {
 protected:
  PrunedLog() { fixture_.options.prune_interval = std::chrono::milliseconds(1); }

  [[nodiscard]] static Kind kind() {
    Kind kind = GetParam();
    kind.lifetime = kLifetime;
    return kind;
  }
  // What was pruned, as soon as `enough` says so.
  template <class Enough>
  Pruned wait_for(Enough enough) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (true) {
      const LogState state = fixture_.log().state();
      EXPECT_EQ(state.pruning_failed, std::nullopt);
      if (enough(state.pruned) || std::chrono::steady_clock::now() > deadline) return state.pruned;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  LogFixture fixture_{kind()};
  const Label alice_ = make_label("alice@example.com");
  const Label bob_ = make_label("bob@example.com");
};

INSTANTIATE_TEST_SUITE_P(Kinds, PrunedLog, ::testing::ValuesIn(all_kinds()), kind_name);

TEST_P(PrunedLog, ServesOnWhileItGivesUpWhatIsExpired) {
  fixture_.open();
  fixture_.audit();
  must(fixture_.update(alice_, std::nullopt, {Bytes{0}}));
  must(fixture_.update(alice_, Version{0}, {Bytes{1}}));
  must(fixture_.update(bob_, std::nullopt, {Bytes{7}}));
  fixture_.audit();
  EXPECT_EQ(wait_for([](const Pruned&) { return true; }), Pruned{});
  // What is read now is cached when it is given up.
  ClientState early = fixture_.newcomer();
  EXPECT_EQ(fixture_.search(early, alice_, Version{0}).value, Bytes{0});

  fixture_.clock.pass(2 * kLifetime);
  must(fixture_.update(alice_, Version{1}, {Bytes{2}}));
  fixture_.audit();
  const bool audited = GetParam().mode == DeploymentMode::thirdPartyAuditing;
  const Pruned pruned = wait_for([audited](const Pruned& so_far) {
    return so_far.values >= 2 && so_far.nodes > 0 && (!audited || so_far.auditor_updates >= 4);
  });
  EXPECT_EQ(pruned.values, 2U);
  EXPECT_EQ(pruned.auditor_updates > 0, audited);

  ClientState user = fixture_.newcomer();
  EXPECT_EQ(fixture_.search(user, alice_).value, Bytes{2});
  EXPECT_EQ(fixture_.search(user, bob_).value, Bytes{7});
  const auto request = user.search_request(alice_, Version{1});
  const auto view = must(fixture_.log().view());
  const auto expired = keytrans::prove_search(*view, request);
  ASSERT_FALSE(expired.has_value());
  EXPECT_EQ(expired.error().code, Errc::not_found);
  const auto tree = view->prefix_tree(EntryIndex{1});
  ASSERT_FALSE(tree.has_value());
  EXPECT_EQ(tree.error().code, Errc::not_found);
}

// A user whose view is older than the lifetime is still shown that the log is the one it knew.
TEST_P(PrunedLog, UsersWhoReturnLateFollow) {
  fixture_.open();
  fixture_.audit();
  must(fixture_.update(alice_, std::nullopt, {Bytes{0}}));
  fixture_.audit();
  ClientState user = fixture_.newcomer();
  fixture_.search(user, alice_);
  for (std::uint32_t version = 0; version < 5; ++version) {
    fixture_.clock.pass(kLifetime);
    must(fixture_.update(alice_, Version{version}, {Bytes{1}}));
    fixture_.audit();
  }
  wait_for([](const Pruned& so_far) { return so_far.values >= 5; });
  EXPECT_EQ(fixture_.search(user, alice_).version, Version{5});
}

std::size_t count_reachable(const StoredPrefixNodes& nodes, const PrefixChild& child) {
  if (child.is_missing()) return 0;
  const PrefixNode node = must(nodes.get(child.ref));
  const auto* const parent = std::get_if<PrefixParent>(&node);
  if (parent == nullptr) return 1;
  return 1 + count_reachable(nodes, parent->children[0]) +
         count_reachable(nodes, parent->children[1]);
}

std::size_t count_stored(const store::Snapshot& snapshot, store::Table table) {
  std::size_t count = 0;
  must(snapshot.scan(table, {}, [&count](const store::Record& record) -> Result<bool> {
    for (const auto& node : must(read_chunk(record.value))) count += node ? 1 : 0;
    return true;
  }));
  return count;
}

// More than a step gives up at once, in entries of many updates and of one, and in two that remove
// erased labels.
TEST_P(PrunedLog, KeepsTheNodesOfUnexpiredTreesAndNoOthers) {
  fixture_.options.prune_interval = std::chrono::hours(1);
  fixture_.options.commit_limit = 10;
  const bool audited = GetParam().mode == DeploymentMode::thirdPartyAuditing;
  fixture_.open();
  fixture_.audit();
  for (std::uint32_t round = 0; round < 3; ++round) {
    if (round == 2) fixture_.clock.pass(2 * kLifetime);
    std::vector<std::future<Result<keytrans::UpdateResponse>>> answers;
    for (int i = 0; i < 200; ++i) {
      answers.push_back(fixture_.submit(
          make_label("user" + std::to_string(i)),
          round == 0 ? std::nullopt : std::optional(Version{round - 1}), {Bytes{1}}));
    }
    for (auto& answer : answers) must(answer.get());
    must(fixture_.update(alice_, round == 0 ? std::nullopt : std::optional(Version{round - 1}),
                         {Bytes{1}}));
    fixture_.audit();
  }
  std::vector<Label> erased;
  for (int i = 100; i < 150; ++i) erased.push_back(make_label("user" + std::to_string(i)));
  must(fixture_.log().erase(erased));
  fixture_.clock.pass(kLifetime / 2);
  must(fixture_.update(alice_, Version{2}, {Bytes{1}}));
  fixture_.audit();
  // Everything that came before the last entry expires.
  fixture_.clock.pass(kLifetime);
  must(fixture_.update(alice_, Version{3}, {Bytes{1}}));
  fixture_.audit();
  fixture_.close();

  const Pruned pruned = must(prune_log(fixture_.path()));
  EXPECT_GT(pruned.nodes, 1'000U);
  EXPECT_EQ(pruned.values, 2 * 150U + 4U);
  EXPECT_EQ(pruned.auditor_updates > 0, audited);
  EXPECT_EQ(must(prune_log(fixture_.path())), Pruned{});
  {
    const ClosedLog log = must(open_closed_log(fixture_.path()));
    const auto snapshot = must(log.store->snapshot());
    const StoredPrefixNodes nodes(*snapshot, log.tables.prefix);
    EXPECT_EQ(count_stored(*snapshot, log.tables.prefix),
              count_reachable(nodes, log.state.prefix_tree));
    EXPECT_EQ(must(snapshot->count(log.tables.superseded)), 0U);
  }
  fixture_.open();
  ClientState user = fixture_.newcomer();
  EXPECT_EQ(fixture_.search(user, make_label("user17")).version, Version{2});
}

TEST(LogWithoutLifetime, GivesNothingUp) {
  LogFixture fixture;
  fixture.open();
  must(fixture.update(make_label("alice"), std::nullopt, {Bytes{0}}));
  fixture.clock.pass(365 * std::uint64_t{86'400'000});
  fixture.close();
  EXPECT_EQ(must(prune_log(fixture.path())), Pruned{});
}

}  // namespace
}  // namespace kt::log
