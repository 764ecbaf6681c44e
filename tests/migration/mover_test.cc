// Moving one label, step by step.
#include "migration/mover.h"

#include <map>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include "federation/tombstone.h"
#include "names.h"

namespace kt::migration {
namespace {

namespace asio = boost::asio;

template <class T>
T wait(asio::awaitable<T> work) {
  asio::io_context context;
  auto future = asio::co_spawn(context, std::move(work), asio::use_future);
  context.run();
  return future.get();
}

// A log of labels, in which things can happen first.
class PlainLog final : public LabelLog {
 public:
  std::map<Label, std::vector<Bytes>> labels;
  std::function<void()> before_add;
  std::optional<Error> error;

  asio::awaitable<Result<std::optional<GreatestVersion>>> read(Label label) override {
    if (error) co_return tl::unexpected<Error>(*error);
    std::optional<GreatestVersion> found;
    if (const auto versions = labels.find(label); versions != labels.end()) {
      found.emplace();
      found->version = Version{static_cast<std::uint32_t>(versions->second.size() - 1)};
      found->value = versions->second.back();
    }
    co_return Result<std::optional<GreatestVersion>>(std::move(found));
  }
  asio::awaitable<Result<bool>> add(Label label, std::optional<Version> known,
                                    Bytes value) override {
    if (before_add) std::exchange(before_add, nullptr)();
    if (error) co_return tl::unexpected<Error>(*error);
    auto& versions = labels[label];
    if (versions.size() != (known ? known->value() + 1U : 0U)) co_return false;
    versions.push_back(std::move(value));
    co_return true;
  }
};

class NotedIntents final : public Intents {
 public:
  std::map<std::uint64_t, std::string> state;

  asio::awaitable<Result<std::uint64_t>> add(Label /*label*/) override {
    const std::uint64_t number = state.size();
    state[number] = "added";
    co_return number;
  }
  asio::awaitable<void> drop(std::uint64_t intent) override {
    state.at(intent) = "dropped";
    co_return;
  }
  void leave(std::uint64_t intent) override { state.at(intent) = "left"; }
};

Bytes bytes(std::string_view text) { return to_bytes(text); }

class MoverTest : public testing::Test {
 protected:
  Mover::Insert insert(Bytes value, std::optional<Version> known = {}) {
    return [this, value = std::move(value), known]() -> asio::awaitable<Result<Bytes>> {
      const auto added = co_await to.add(alice, known, value);
      if (!added) co_return tl::unexpected<Error>(added.error());
      co_return Bytes(*added ? 1 : 0);
    };
  }
  Result<Bytes> update(Bytes value) {
    return wait(mover.update(intents, alice, insert(std::move(value))));
  }

  const Label alice = label_of("alice@example.com");
  const Bytes tombstone = must(federation::Tombstone{log_of(2).hash(), 7}.encode());
  PlainLog from;
  PlainLog to;
  NotedIntents intents;
  int buried = 0;
  Mover mover{from, to, log_of(2), 7, [this] { ++buried; }};
};

TEST_F(MoverTest, AnUpdateMovesTheLabel) {
  from.labels[alice] = {bytes("old")};
  EXPECT_EQ(must(update(bytes("new"))).size(), 1U);
  EXPECT_EQ(to.labels[alice], (std::vector<Bytes>{bytes("new")}));
  EXPECT_EQ(from.labels[alice], (std::vector<Bytes>{bytes("old"), tombstone}));
  EXPECT_EQ(intents.state[0], "dropped");
  EXPECT_EQ(buried, 1);
  // The next one finds it moved.
  EXPECT_EQ(must(wait(mover.update(intents, alice, insert(bytes("newer"), Version{0})))).size(),
            1U);
  EXPECT_EQ(to.labels[alice].size(), 2U);
  EXPECT_EQ(from.labels[alice].size(), 2U);
  EXPECT_EQ(buried, 1);
}

TEST_F(MoverTest, ALabelThatTheOldLogNeverHadGetsATombstoneThere) {
  must(update(bytes("new")));
  EXPECT_EQ(from.labels[alice], (std::vector<Bytes>{tombstone}));
}

TEST_F(MoverTest, AVersionThatComesBetweenIsNotHidden) {
  from.labels[alice] = {bytes("old")};
  from.before_add = [this] { from.labels[alice].push_back(bytes("between")); };
  must(update(bytes("new")));
  EXPECT_EQ(from.labels[alice], (std::vector<Bytes>{bytes("old"), bytes("between"), tombstone}));
}

TEST_F(MoverTest, ARefusalLeavesTheLabelWhereItIs) {
  from.labels[alice] = {bytes("old")};
  to.error = Error{Errc::rejected, "no"};
  EXPECT_EQ(update(bytes("new")).error().code, Errc::rejected);
  EXPECT_EQ(from.labels[alice].size(), 1U);
  EXPECT_EQ(intents.state[0], "dropped");
}

TEST_F(MoverTest, WhatNobodyKnowsIsLeftToBeFinished) {
  from.labels[alice] = {bytes("old")};
  to.error = Error{Errc::unavailable, "away"};
  EXPECT_EQ(update(bytes("new")).error().code, Errc::unavailable);
  EXPECT_EQ(intents.state[0], "left");
  to.error.reset();
  must(wait(mover.finish(alice)));
  EXPECT_EQ(from.labels[alice].size(), 1U) << "the new log does not have it";

  from.error = Error{Errc::unavailable, "away"};
  EXPECT_EQ(update(bytes("new")).error().code, Errc::unavailable);
  EXPECT_EQ(intents.state[1], "left");
  from.error.reset();
  must(wait(mover.finish(alice)));
  EXPECT_EQ(from.labels[alice].back(), tombstone);
}

TEST_F(MoverTest, AStrangersTombstoneStopsIt) {
  from.labels[alice] = {must(federation::Tombstone{log_of(3).hash(), 7}.encode())};
  EXPECT_EQ(update(bytes("new")).error().code, Errc::corrupt);
  EXPECT_EQ(wait(mover.sweep(alice)).error().code, Errc::corrupt);
  EXPECT_EQ(wait(mover.copy(alice)).error().code, Errc::conflict);
  EXPECT_EQ(from.labels[alice].size(), 1U);
}

TEST_F(MoverTest, ASweepMovesWhatNobodyHasTouched) {
  EXPECT_EQ(must(wait(mover.sweep(alice))), Swept::skipped);
  from.labels[alice] = {bytes("older"), bytes("old")};
  EXPECT_EQ(must(wait(mover.sweep(alice))), Swept::moved);
  EXPECT_EQ(to.labels[alice], (std::vector<Bytes>{bytes("old")}));
  EXPECT_EQ(from.labels[alice].back(), tombstone);
  EXPECT_EQ(must(wait(mover.sweep(alice))), Swept::was_moved);
  EXPECT_EQ(from.labels[alice].size(), 3U);
}

TEST_F(MoverTest, ASweepLeavesTheGatewaysLabels) {
  const Label directory = label_of("kt:directory");
  from.labels[directory] = {bytes("entry")};
  EXPECT_EQ(must(wait(mover.sweep(directory))), Swept::skipped);
  EXPECT_EQ(must(wait(mover.copy(directory))), Copied::skipped);
  EXPECT_TRUE(to.labels.empty());
}

TEST_F(MoverTest, ASweepDoesNotReplaceWhatAnUpdateHasAdded) {
  from.labels[alice] = {bytes("old")};
  to.before_add = [this] { to.labels[alice] = {bytes("new")}; };
  EXPECT_EQ(must(wait(mover.sweep(alice))), Swept::moved);
  EXPECT_EQ(to.labels[alice], (std::vector<Bytes>{bytes("new")}));
}

TEST_F(MoverTest, ASweepStopsWhereTheOldLogIsUpdated) {
  from.labels[alice] = {bytes("old")};
  from.before_add = [this] { from.labels[alice].push_back(bytes("newer")); };
  EXPECT_EQ(wait(mover.sweep(alice)).error().code, Errc::conflict);
  EXPECT_EQ(from.labels[alice].back(), bytes("newer"));
  // A tombstone that somebody else was faster with is as good.
  from.labels[alice] = {bytes("old")};
  to.labels.clear();
  from.before_add = [this] { from.labels[alice].push_back(tombstone); };
  EXPECT_EQ(must(wait(mover.sweep(alice))), Swept::was_moved);
}

TEST_F(MoverTest, ACopyIsTheSameValueOrNone) {
  EXPECT_EQ(must(wait(mover.copy(alice))), Copied::skipped);
  from.labels[alice] = {bytes("older"), bytes("old")};
  EXPECT_EQ(must(wait(mover.copy(alice))), Copied::copied);
  EXPECT_EQ(must(wait(mover.copy(alice))), Copied::was_there);
  EXPECT_EQ(to.labels[alice], (std::vector<Bytes>{bytes("old")}));
  EXPECT_EQ(from.labels[alice].size(), 2U);
  to.labels[alice] = {bytes("another")};
  EXPECT_EQ(wait(mover.copy(alice)).error().code, Errc::conflict);
}

}  // namespace
}  // namespace kt::migration
