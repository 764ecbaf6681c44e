#include "migration/record.h"

#include <set>

#include <gtest/gtest.h>

#include "memory_store.h"
#include "migration/journal.h"
#include "migration/policy.h"
#include "names.h"

namespace kt::migration {
namespace {

using routing::Operation;
using routing::Role;
using routing::Route;

Record full_record() {
  Record record{domain_of("example.com"), Mode::gradual, log_of(1), log_of(2)};
  record.phase = Phase::sweeping;
  record.started = Timestamp{1};
  record.phase_since = Timestamp{2};
  record.rate = 3;
  record.grace_ms = 4;
  record.is_paused = true;
  record.fault = "why";
  record.cursor = label_of("alice@example.com");
  record.progress = {5, 6, 7};
  record.final_head = FinalHead{TreeSize{8}, log_of(9).hash(), true};
  record.is_compromised = true;
  record.quiet_ms = 10;
  record.labels = 11;
  record.is_listed = true;
  record.is_checked = true;
  return record;
}

TEST(MigrationRecord, RoundTrips) {
  const Record small{domain_of("example.com"), Mode::immediate, log_of(1), log_of(2)};
  for (const Record& record : {full_record(), small})
    EXPECT_EQ(must(Record::decode(must(record.encode()))), record);
}

TEST(MigrationRecord, WhatIsDamagedIsCorrupt) {
  const Bytes bytes = must(full_record().encode());
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_EQ(Record::decode(ByteView(bytes).first(size)).error().code, Errc::corrupt) << size;
  Bytes longer = bytes;
  longer.push_back(0);
  EXPECT_EQ(Record::decode(longer).error().code, Errc::corrupt);
  Bytes other = bytes;
  other[0] = 3;
  EXPECT_EQ(Record::decode(other).error().code, Errc::corrupt);
}

TEST(MigrationRecord, OneWayForEachActor) {
  std::set<std::tuple<Mode, Phase, Actor>> seen;
  for (const Transition& each : transitions()) {
    EXPECT_TRUE(seen.emplace(each.mode, each.from, each.actor).second);
    EXPECT_EQ(find_transition(each.mode, each.from, each.actor), &each);
    EXPECT_LT(each.from, each.to);
    EXPECT_FALSE(each.condition.empty());
  }
  // From where it begins there is a way to where it ends, and only that.
  for (const Mode mode : {Mode::gradual, Mode::immediate}) {
    Phase phase = Phase::prepared;
    while (phase != Phase::finished) {
      const auto* const person = find_transition(mode, phase, Actor::person);
      const auto* const gateway = find_transition(mode, phase, Actor::gateway);
      ASSERT_NE(person == nullptr, gateway == nullptr) << to_string(phase);
      phase = (person == nullptr ? gateway : person)->to;
    }
  }
}

TEST(MigrationRecord, AStepBeginsANewPhase) {
  const Record before = full_record();
  const auto* const next = find_transition(before.mode, before.phase, Actor::gateway);
  const Record after = step(before, *next, Timestamp{10});
  EXPECT_EQ(after.phase, Phase::draining);
  EXPECT_EQ(after.phase_since, Timestamp{10});
  EXPECT_EQ(after.started, before.started);
  EXPECT_FALSE(after.cursor.has_value() || after.is_paused || !after.fault.empty());
  EXPECT_EQ(after.progress, before.progress);
}

TEST(MigrationRecord, NothingIsTakenBackThatUsersRelyOn) {
  for (const Phase phase : {Phase::prepared, Phase::frozen, Phase::populating, Phase::verifying})
    EXPECT_TRUE(may_abort(phase)) << to_string(phase);
  for (const Phase phase : {Phase::dual, Phase::sweeping, Phase::draining, Phase::finished})
    EXPECT_FALSE(may_abort(phase)) << to_string(phase);
}

// What a version before this one has left: nothing stands behind the final head.
TEST(MigrationRecord, TheFormatBeforeIsRead) {
  Record record = full_record();
  record.is_compromised = false;
  record.final_head->is_compromised = false;
  record.quiet_ms = 0;
  record.labels = 0;
  record.is_listed = false;
  record.is_checked = false;
  Bytes bytes = must(record.encode());
  bytes.resize(bytes.size() - (1 + 8 + 8 + 1 + 1));
  EXPECT_EQ(Record::decode(bytes).error().code, Errc::corrupt);
  bytes[0] = 1;
  EXPECT_EQ(must(Record::decode(bytes)), record);
  EXPECT_EQ(must(record.encode())[0], 2);
}

// --- Policies --------------------------------------------------------------------------------

TEST(MigrationPolicy, LeadsWhereTheStageSays) {
  const LogId from = log_of(1);
  const LogId to = log_of(2);
  const Label label = label_of("alice@example.com");
  const Route both{{from, Role::authority}, {to, Role::authority}};
  const auto route = [&](Stage stage, Operation operation) {
    return make_policy(stage, from, to)->route(operation, label);
  };
  for (const Operation each : {Operation::search, Operation::update, Operation::monitor})
    EXPECT_EQ(route(Stage::before, each), (Route{{from, Role::authority}}));
  EXPECT_EQ(route(Stage::during, Operation::search),
            (Route{{from, Role::authority}, {to, Role::successor}}));
  EXPECT_EQ(route(Stage::during, Operation::update),
            (Route{{to, Role::authority}, {from, Role::predecessor}}));
  EXPECT_EQ(route(Stage::during, Operation::monitor), both);
  EXPECT_EQ(route(Stage::after, Operation::search), (Route{{to, Role::authority}}));
  EXPECT_EQ(route(Stage::after, Operation::update), (Route{{to, Role::authority}}));
  EXPECT_EQ(route(Stage::after, Operation::monitor), both);
}

TEST(MigrationPolicy, KnowsTheStageOfADocument) {
  using federation::GradualPolicy;
  using federation::SinglePolicy;
  const auto stage = [](const federation::DirectoryPolicy& policy) {
    return stage_of(policy, log_of(1), log_of(2));
  };
  EXPECT_EQ(stage(SinglePolicy{log_of(1)}), Stage::before);
  EXPECT_EQ(stage(GradualPolicy{log_of(1), log_of(2)}), Stage::during);
  EXPECT_EQ(stage(SinglePolicy{log_of(2)}), Stage::after);
  EXPECT_EQ(stage(SinglePolicy{log_of(3)}), std::nullopt);
  EXPECT_EQ(stage(GradualPolicy{log_of(2), log_of(1)}), std::nullopt);
  EXPECT_EQ(stage(federation::ShardedPolicy{{log_of(1), log_of(2)}}), std::nullopt);
}

// --- The journal -----------------------------------------------------------------------------

TEST(MigrationJournal, KeepsARecordForEachDomain) {
  MemoryStore store;
  const Record record = full_record();
  Record other = record;
  other.domain = domain_of("example.net");
  {
    const auto journal = must(Journal::open(store));
    EXPECT_EQ(must(journal->find(record.domain)), std::nullopt);
    must(journal->change(record.domain, std::nullopt, record));
    must(journal->change(other.domain, std::nullopt, other));
  }
  const auto journal = must(Journal::open(store));
  EXPECT_EQ(must(journal->find(record.domain)), record);
  EXPECT_EQ(must(journal->records()), (std::vector<Record>{record, other}));
  must(journal->change(record.domain, record, std::nullopt));
  EXPECT_EQ(must(journal->records()), (std::vector<Record>{other}));
}

TEST(MigrationJournal, WhoIsLateChangesNothing) {
  MemoryStore store;
  const auto journal = must(Journal::open(store));
  const Record first = full_record();
  Record second = first;
  second.is_paused = false;
  must(journal->change(first.domain, std::nullopt, first));
  EXPECT_EQ(journal->change(first.domain, std::nullopt, second).error().code, Errc::conflict);
  EXPECT_EQ(journal->change(first.domain, second, first).error().code, Errc::conflict);
  EXPECT_EQ(must(journal->find(first.domain)), first);
  must(journal->change(first.domain, first, second));
  EXPECT_EQ(journal->change(first.domain, first, std::nullopt).error().code, Errc::conflict);
}

TEST(MigrationJournal, IntentsAreLeftByWhoIsGoneOrSaysSo) {
  MemoryStore store;
  const auto domain = domain_of("example.com");
  std::uint64_t of_before = 0;
  {
    const auto journal = must(Journal::open(store));
    of_before = must(journal->add(domain, label_of("a")));
    EXPECT_TRUE(must(journal->left()).empty());
  }
  const auto journal = must(Journal::open(store));
  const std::uint64_t dropped = must(journal->add(domain, label_of("b")));
  const std::uint64_t left = must(journal->add(domain, label_of("c")));
  const std::uint64_t under_way = must(journal->add(domain, label_of("d")));
  must(journal->drop(dropped));
  journal->leave(left);
  auto all = must(journal->left());
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].number, of_before);
  EXPECT_EQ(all[0].domain, domain);
  EXPECT_EQ(all[0].label, label_of("a"));
  EXPECT_EQ(all[1].label, label_of("c"));
  must(journal->drop(of_before));
  must(journal->drop(left));
  EXPECT_TRUE(must(journal->left()).empty());
  // What is under way when a process dies is left to the next one.
  const auto next = must(Journal::open(store));
  all = must(next->left());
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].number, under_way);
}

TEST(MigrationJournal, AListIsWholeOrNone) {
  MemoryStore store;
  const auto journal = must(Journal::open(store));
  const auto domain = domain_of("example.com");
  const auto other = domain_of("example.com.example");
  EXPECT_EQ(journal->add_to_list(domain, {label_of("a")}).error().code, Errc::not_found);
  EXPECT_EQ(journal->complete_list(domain, 0).error().code, Errc::not_found);
  must(journal->begin_list(domain));
  must(journal->begin_list(other));
  must(journal->add_to_list(other, {label_of("a")}));
  must(journal->add_to_list(domain, {label_of("b"), label_of("a")}));
  // One that is there twice is in none of its pages.
  EXPECT_EQ(journal->add_to_list(domain, {label_of("c"), label_of("a")}).error().code,
            Errc::conflict);
  EXPECT_EQ(journal->add_to_list(domain, {label_of("c"), label_of("c")}).error().code,
            Errc::conflict);
  must(journal->add_to_list(domain, {label_of("c")}));
  EXPECT_EQ(must(journal->listed(domain)), std::nullopt);
  EXPECT_EQ(journal->complete_list(domain, 4).error().code, Errc::rejected);
  must(journal->complete_list(domain, 3));
  must(journal->complete_list(domain, 3));
  EXPECT_EQ(must(journal->listed(domain)), 3U);
  EXPECT_EQ(journal->add_to_list(domain, {label_of("d")}).error().code, Errc::rejected);
  using Labels = std::vector<Label>;
  EXPECT_EQ(must(journal->listed(domain, {}, 2)), (Labels{label_of("a"), label_of("b")}));
  EXPECT_EQ(must(journal->listed(domain, label_of("b"), 2)), (Labels{label_of("c")}));
  EXPECT_TRUE(must(journal->listed(domain, label_of("c"), 2)).empty());
  must(journal->begin_list(domain));
  EXPECT_EQ(must(journal->listed(domain)), std::nullopt);
  EXPECT_TRUE(must(journal->listed(domain, {}, 2)).empty());
  EXPECT_EQ(must(journal->listed(other, {}, 2)), (Labels{label_of("a")}));
}

// More than a list can have, its flag neither 0 nor 1, or bytes that are missing.
TEST(MigrationJournal, AListThatIsDamagedIsCorrupt) {
  MemoryStore store;
  const auto journal = must(Journal::open(store));
  const auto domain = domain_of("example.com");
  must(journal->begin_list(domain));
  const store::Table lists = must(store.table("migration", "lists"));
  const Bytes key = to_bytes(std::string_view(domain.text()));
  for (const Bytes& value : {Bytes{0, 0, 0, 0, 0x05, 0xf5, 0xe1, 0x01, 0},
                             Bytes{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0},
                             Bytes{0, 0, 0, 0, 0, 0, 0, 0, 2}, Bytes{0, 0, 0, 0, 0, 0, 0, 0}}) {
    store::Batch batch;
    batch.put(lists, key, value);
    must(store.commit(batch));
    EXPECT_EQ(journal->add_to_list(domain, {label_of("a")}).error().code, Errc::corrupt);
    EXPECT_EQ(journal->complete_list(domain, 0).error().code, Errc::corrupt);
    EXPECT_EQ(journal->listed(domain).error().code, Errc::corrupt);
  }
}

TEST(MigrationJournal, AnIntentWithoutANextOneIsCorrupt) {
  MemoryStore store;
  must(Journal::open(store));
  store::Batch batch;
  batch.put(must(store.table("migration", "intents")), Bytes(8, 0xff), Bytes{});
  must(store.commit(batch));
  EXPECT_EQ(Journal::open(store).error().code, Errc::corrupt);
}

TEST(MigrationJournal, KeepsWhatWasSeen) {
  MemoryStore store;
  const auto domain = domain_of("example.com");
  const Activity seen{Timestamp{1}, 2, 3};
  {
    const auto journal = must(Journal::open(store));
    EXPECT_EQ(must(journal->activity(domain)), Activity{});
    must(journal->keep(domain, seen));
  }
  const auto journal = must(Journal::open(store));
  EXPECT_EQ(must(journal->activity(domain)), seen);
  EXPECT_EQ(must(journal->activity(domain_of("example.net"))), Activity{});
}

}  // namespace
}  // namespace kt::migration
