#include "conformance.h"

#include <atomic>
#include <map>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "must.h"
#include "store/copy.h"
#include "store/pages.h"

namespace kt::store {
namespace {

std::string to_text(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

// All of a table, in the order of a scan.
std::vector<std::pair<std::string, std::string>> contents(const Snapshot& snapshot, Table table,
                                                          std::string_view from = "") {
  std::vector<std::pair<std::string, std::string>> records;
  const auto visited = snapshot.scan(table, to_bytes(from), [&](const Record& record) {
    records.emplace_back(to_text(record.key), to_text(record.value));
    return Result<bool>(true);
  });
  if (!visited) throw std::runtime_error(visited.error().detail);
  return records;
}

}  // namespace

std::optional<std::string> text_at(const Snapshot& snapshot, Table table, std::string_view key) {
  const auto value = must(snapshot.get(table, to_bytes(key)));
  if (!value) return std::nullopt;
  return to_text(*value);
}

StoreConformance::StoreConformance() : factory_(GetParam()()) { reopen(); }

void StoreConformance::reopen() {
  store_.reset();
  store_ = must(factory_->open());
  table_ = must(store_->table("space", "table"));
}

void StoreConformance::put(Table table, std::string_view key, std::string_view value) {
  Batch batch;
  batch.put(table, to_bytes(key), to_bytes(value));
  ASSERT_EQ(must(store_->commit(batch)), Committed::ok);
}

// --- Records ---------------------------------------------------------------------------------

TEST_P(StoreConformance, NothingIsThereAtFirst) {
  const auto snapshot = must(store().snapshot());
  EXPECT_EQ(text_at(*snapshot, table(), "a"), std::nullopt);
  EXPECT_TRUE(contents(*snapshot, table()).empty());
  EXPECT_FALSE(must(snapshot->last_before(table(), {})).has_value());
}

TEST_P(StoreConformance, WhatWasPutIsThere) {
  put("a", "1");
  put("b", "");
  put("a", "replaced");
  const auto snapshot = must(store().snapshot());
  EXPECT_EQ(text_at(*snapshot, table(), "a"), "replaced");
  EXPECT_EQ(text_at(*snapshot, table(), "b"), "");
  EXPECT_EQ(text_at(*snapshot, table(), "c"), std::nullopt);
}

TEST_P(StoreConformance, AnyBytesMakeAKeyAndAValue) {
  const Bytes longest(kMaxKeySize, 0xff);
  Bytes every(256);
  for (std::size_t i = 0; i < every.size(); ++i) every[i] = static_cast<std::uint8_t>(i);
  Batch batch;
  batch.put(table(), longest, every);
  batch.put(table(), {0}, Bytes(3'000'000, 0x5a));
  batch.put(table(), every, {});
  ASSERT_EQ(must(store().commit(batch)), Committed::ok);
  reopen();
  const auto snapshot = must(store().snapshot());
  EXPECT_EQ(to_bytes(*must(snapshot->get(table(), longest))), every);
  EXPECT_EQ(to_bytes(*must(snapshot->get(table(), Bytes{0}))), Bytes(3'000'000, 0x5a));
  EXPECT_EQ(must(snapshot->get(table(), every))->size(), 0U);
}

TEST_P(StoreConformance, ErasedRecordsAreGone) {
  put("a", "1");
  put("b", "2");
  Batch batch;
  batch.erase(table(), to_bytes("a"));
  batch.erase(table(), to_bytes("never there"));
  ASSERT_EQ(must(store().commit(batch)), Committed::ok);
  const auto snapshot = must(store().snapshot());
  EXPECT_EQ(contents(*snapshot, table()),
            (std::vector<std::pair<std::string, std::string>>{{"b", "2"}}));
}

TEST_P(StoreConformance, WithinABatchErasuresComeFirstAndTheLastPutWins) {
  put("a", "old");
  Batch batch;
  batch.put(table(), to_bytes("a"), to_bytes("first"));
  batch.erase(table(), to_bytes("a"));
  batch.put(table(), to_bytes("a"), to_bytes("second"));
  ASSERT_EQ(must(store().commit(batch)), Committed::ok);
  EXPECT_EQ(text_at(*must(store().snapshot()), table(), "a"), "second");
}

TEST_P(StoreConformance, RecordsAreCounted) {
  EXPECT_EQ(must(must(store().snapshot())->count(table())), 0U);
  put("a", "1");
  put("b", "2");
  put("b", "3");
  const auto before = must(store().snapshot());
  Batch batch;
  batch.erase(table(), to_bytes("a"));
  ASSERT_EQ(must(store().commit(batch)), Committed::ok);
  EXPECT_EQ(must(before->count(table())), 2U);
  EXPECT_EQ(must(must(store().snapshot())->count(table())), 1U);
}

TEST_P(StoreConformance, TablesAreListed) {
  must(store().table("space", "another"));
  must(store().table("a", "table"));
  const std::vector<TableName> all{{"a", "table"}, {"space", "another"}, {"space", "table"}};
  EXPECT_EQ(must(store().tables()), all);
  reopen();
  EXPECT_EQ(must(store().tables()), all);
}

// --- Pages -----------------------------------------------------------------------------------

TEST_P(StoreConformance, PagesHaveEveryRecordOnce) {
  std::map<std::string, std::string> all;
  Batch batch;
  for (int i = 0; i < 25'000; ++i) {
    const std::string key = "key" + std::to_string(i);
    all[key] = std::to_string(i);
    batch.put(table(), to_bytes(key), to_bytes(all[key]));
  }
  const std::string longest(kMaxKeySize, 'z');
  all[longest] = "last";
  batch.put(table(), to_bytes(longest), to_bytes("last"));
  ASSERT_EQ(must(store().commit(batch)), Committed::ok);
  std::map<std::string, std::string> read;
  Bytes last;
  int pages = 0;
  for (auto page = must(read_page(store(), table(), last)); !page.empty();
       page = must(read_page(store(), table(), last)), ++pages) {
    for (const OwnedRecord& record : page)
      EXPECT_TRUE(read.emplace(to_text(record.key), to_text(record.value)).second);
    last = page.back().key;
  }
  EXPECT_EQ(read, all);
  EXPECT_GT(pages, 2);

  std::map<std::string, std::string> checked;
  last.clear();
  for (auto page = must(read_checked_page(store(), table(), last)); !page.empty();
       page = must(read_checked_page(store(), table(), last))) {
    for (const CheckedRecord& record : page)
      EXPECT_TRUE(checked.emplace(to_text(record.key), to_text(must(record.value))).second);
    last = page.back().key;
  }
  EXPECT_EQ(checked, all);
}

TEST_P(StoreConformance, KeysAreScannedAsRecordsAre) {
  for (const char* const key : {"a", "b", "c", "d"}) put(key, "1");
  std::string seen;
  must(must(store().snapshot())
           ->scan_keys(table(), to_bytes("b"), [&seen](ByteView key) -> Result<bool> {
             seen += to_text(key);
             return seen.size() < 2;
           }));
  EXPECT_EQ(seen, "bc");
}

TEST_P(StoreConformance, APageIsNotFarLargerThanItHasToBe) {
  for (const char* const key : {"a", "b", "c"}) put(key, std::string(6 << 20, 'x'));
  EXPECT_EQ(must(read_page(store(), table(), {})).size(), 2U);
  EXPECT_EQ(must(read_page(store(), table(), to_bytes("b"))).size(), 1U);
  EXPECT_TRUE(must(read_page(store(), table(), to_bytes("c"))).empty());
  EXPECT_EQ(must(read_checked_page(store(), table(), {})).size(), 2U);
}

// --- Copies ----------------------------------------------------------------------------------

TEST_P(StoreConformance, ACopyHasEveryRecordOfEveryTable) {
  const Table other = must(store().table("other", "table"));
  must(store().table("other", "empty"));
  put("a", "1");
  put("b", std::string(3'000'000, 'x'));
  put(other, "a", "2");
  const auto elsewhere = GetParam()();
  const auto copy = must(elsewhere->open());
  EXPECT_EQ(must(copy_store(store(), *copy)), 3U);
  EXPECT_EQ(must(copy->tables()), must(store().tables()));
  const Table copied = must(copy->table("space", "table"));
  const Table copied_other = must(copy->table("other", "table"));
  const auto snapshot = must(copy->snapshot());
  EXPECT_EQ(contents(*snapshot, copied), contents(*must(store().snapshot()), table()));
  EXPECT_EQ(contents(*snapshot, copied_other), contents(*must(store().snapshot()), other));
}

TEST_P(StoreConformance, ACopyIsNotAddedToWhatIsThere) {
  put("a", "1");
  const auto elsewhere = GetParam()();
  const auto copy = must(elsewhere->open());
  must(copy->table("a", "table"));
  const auto refused = copy_store(store(), *copy);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::conflict);
}

// --- Order -----------------------------------------------------------------------------------

TEST_P(StoreConformance, KeysAreOrderedByteByByte) {
  for (const char* const key : {"b", "a", "ab", "\x7f", "\xff", "aa"}) put(key, key);
  const auto snapshot = must(store().snapshot());
  std::string order;
  for (const auto& [key, value] : contents(*snapshot, table())) order += key + " ";
  EXPECT_EQ(order, "a aa ab b \x7f \xff ");
  std::string rest;
  for (const auto& [key, value] : contents(*snapshot, table(), "ab")) rest += key + " ";
  EXPECT_EQ(rest, "ab b \x7f \xff ");
  EXPECT_EQ(contents(*snapshot, table(), "aaa").front().first, "ab");
}

TEST_P(StoreConformance, ScansStopWhenTold) {
  for (const char* const key : {"a", "b", "c"}) put(key, key);
  const auto snapshot = must(store().snapshot());
  std::size_t seen = 0;
  EXPECT_TRUE(snapshot->scan(table(), {}, [&](const Record&) { return Result<bool>(++seen < 2); }));
  EXPECT_EQ(seen, 2U);
  const auto failed = snapshot->scan(
      table(), {}, [](const Record&) -> Result<bool> { return fail(Errc::rejected, "enough"); });
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error(), (Error{Errc::rejected, "enough"}));
}

TEST_P(StoreConformance, TheLastRecordBeforeAKey) {
  for (const char* const key : {"b", "d", "db"}) put(key, key);
  const auto snapshot = must(store().snapshot());
  const auto last_before = [&](std::string_view end) -> std::string {
    const auto record = must(snapshot->last_before(table(), to_bytes(end)));
    return record ? to_text(record->key) + "=" + to_text(record->value) : "none";
  };
  EXPECT_EQ(last_before("a"), "none");
  EXPECT_EQ(last_before("b"), "none");
  EXPECT_EQ(last_before("c"), "b=b");
  EXPECT_EQ(last_before("d"), "b=b");
  EXPECT_EQ(last_before("da"), "d=d");
  EXPECT_EQ(last_before("zz"), "db=db");
  EXPECT_EQ(last_before(""), "db=db");
}

// --- Tables ----------------------------------------------------------------------------------

TEST_P(StoreConformance, TablesAndSpacesAreApart) {
  const Table other = must(store().table("space", "other"));
  const Table elsewhere = must(store().table("elsewhere", "table"));
  put(table(), "key", "1");
  put(other, "key", "2");
  put(elsewhere, "key", "3");
  reopen();
  const Table other_again = must(store().table("space", "other"));
  const Table elsewhere_again = must(store().table("elsewhere", "table"));
  const auto snapshot = must(store().snapshot());
  EXPECT_EQ(text_at(*snapshot, table(), "key"), "1");
  EXPECT_EQ(text_at(*snapshot, other_again, "key"), "2");
  EXPECT_EQ(text_at(*snapshot, elsewhere_again, "key"), "3");
}

// A table that was opened later cannot be told from an empty one, and is not mistaken for it.
TEST_P(StoreConformance, ATableOpenedAfterASnapshotIsNotInIt) {
  const auto snapshot = must(store().snapshot());
  const Table late = must(store().table("space", "late"));
  const auto value = snapshot->get(late, to_bytes("key"));
  ASSERT_FALSE(value.has_value());
  EXPECT_EQ(value.error().code, Errc::unavailable);
  EXPECT_FALSE(snapshot->last_before(late, {}).has_value());
  EXPECT_FALSE(
      snapshot->scan(late, {}, [](const Record&) { return Result<bool>(true); }).has_value());
}

TEST_P(StoreConformance, ATableIsTheSameWheneverItIsAskedFor) {
  EXPECT_EQ(must(store().table("space", "table")), table());
}

TEST_P(StoreConformance, NamesAreChecked) {
  const std::string longest(64, 'a');
  EXPECT_TRUE(store().table(longest, longest).has_value());
  for (const std::string& bad : {std::string(), std::string("A"), std::string("a.b"),
                                 std::string("a b"), std::string("a\0b", 3), longest + "a"}) {
    for (const auto& result : {store().table(bad, "table"), store().table("space", bad)}) {
      ASSERT_FALSE(result.has_value()) << bad;
      EXPECT_EQ(result.error().code, Errc::malformed);
    }
  }
}

// --- Batches ---------------------------------------------------------------------------------

TEST_P(StoreConformance, AnExpectationThatHoldsLetsTheBatchThrough) {
  Batch create;
  create.expect(table(), to_bytes("head"), std::nullopt);
  create.put(table(), to_bytes("head"), to_bytes("1"));
  EXPECT_EQ(must(store().commit(create)), Committed::ok);
  Batch move;
  move.expect(table(), to_bytes("head"), to_bytes("1"));
  move.put(table(), to_bytes("head"), to_bytes("2"));
  EXPECT_EQ(must(store().commit(move)), Committed::ok);
  EXPECT_EQ(text_at(*must(store().snapshot()), table(), "head"), "2");
}

TEST_P(StoreConformance, AnExpectationThatDoesNotHoldChangesNothing) {
  put("head", "2");
  for (const std::optional<std::string>& expected :
       {std::optional<std::string>("1"), std::optional<std::string>(""),
        std::optional<std::string>()}) {
    Batch batch;
    batch.put(table(), to_bytes("head"), to_bytes("3"));
    batch.put(table(), to_bytes("another"), to_bytes("x"));
    batch.erase(table(), to_bytes("head"));
    batch.expect(table(), to_bytes("head"),
                 expected ? std::optional<Bytes>(to_bytes(*expected)) : std::nullopt);
    EXPECT_EQ(must(store().commit(batch)), Committed::conflict);
  }
  Batch absent;
  absent.expect(table(), to_bytes("nobody"), to_bytes(""));
  EXPECT_EQ(must(store().commit(absent)), Committed::conflict);
  EXPECT_EQ(contents(*must(store().snapshot()), table()),
            (std::vector<std::pair<std::string, std::string>>{{"head", "2"}}));
}

TEST_P(StoreConformance, OfManyWritersWhoExpectTheSameOneWins) {
  put("counter", "0");
  constexpr int kWriters = 4;
  constexpr int kRounds = 20;
  std::atomic<int> won = 0;
  std::vector<std::thread> writers;
  for (int writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([&] {
      while (true) {
        const auto before = *text_at(*must(store().snapshot()), table(), "counter");
        if (before == std::to_string(kRounds)) return;
        Batch batch;
        batch.expect(table(), to_bytes("counter"), to_bytes(before));
        batch.put(table(), to_bytes("counter"), to_bytes(std::to_string(std::stoi(before) + 1)));
        if (must(store().commit(batch)) == Committed::ok) ++won;
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(won, kRounds);
}

// --- Snapshots -------------------------------------------------------------------------------

TEST_P(StoreConformance, SnapshotsDoNotMove) {
  put("a", "1");
  const auto before = must(store().snapshot());
  const ByteView kept = *must(before->get(table(), to_bytes("a")));
  put("a", "2");
  put("b", "3");
  EXPECT_EQ(text_at(*before, table(), "a"), "1");
  EXPECT_EQ(text_at(*before, table(), "b"), std::nullopt);
  EXPECT_EQ(to_text(kept), "1");
  EXPECT_EQ(contents(*must(store().snapshot()), table()).size(), 2U);
}

// Readers at work while a writer moves two records together never see one of them alone.
TEST_P(StoreConformance, ReadersSeeWholeBatchesOnly) {
  put("left", "0");
  put("right", "0");
  std::atomic<bool> done = false;
  std::atomic<int> torn = 0;
  std::vector<std::thread> readers;
  for (int reader = 0; reader < 3; ++reader) {
    readers.emplace_back([&] {
      while (!done) {
        const auto snapshot = must(store().snapshot());
        if (text_at(*snapshot, table(), "left") != text_at(*snapshot, table(), "right")) ++torn;
      }
    });
  }
  for (int i = 1; i <= 100; ++i) {
    Batch batch;
    batch.put(table(), to_bytes("left"), to_bytes(std::to_string(i)));
    batch.put(table(), to_bytes("right"), to_bytes(std::to_string(i)));
    EXPECT_EQ(must(store().commit(batch)), Committed::ok);
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(torn, 0);
}

// --- Lifetime --------------------------------------------------------------------------------

TEST_P(StoreConformance, WhatWasCommittedSurvives) {
  put("a", "1");
  reopen();
  EXPECT_EQ(text_at(*must(store().snapshot()), table(), "a"), "1");
}

TEST_P(StoreConformance, OnlyOneCanHaveItOpen) {
  const auto second = factory().open();
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, Errc::conflict);
  put("a", "the first one is not disturbed");
  close();
  EXPECT_TRUE(factory().open().has_value());
}

TEST_P(StoreConformance, UsageGrowsAndHasALimit) {
  const Usage before = store().usage();
  Batch batch;
  batch.put(table(), to_bytes("a"), Bytes(1'000'000));
  ASSERT_EQ(must(store().commit(batch)), Committed::ok);
  const Usage after = store().usage();
  EXPECT_GE(after.used, before.used + 1'000'000);
  EXPECT_GT(after.limit, after.used);
  EXPECT_FALSE(after.is_nearly_full());
}

// --- Against a model -------------------------------------------------------------------------

// Random batches, with restarts in between, beside plain maps.
TEST_P(StoreConformance, BehavesLikeAMap) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  std::map<std::string, std::string> model;
  const auto random_key = [&] { return "key" + std::to_string(random() % 40); };
  for (int round = 0; round < 150; ++round) {
    Batch batch;
    auto next = model;
    bool conflicts = false;
    if (random() % 4 == 0) {
      const std::string key = random_key();
      const auto found = model.find(key);
      const bool right = random() % 2 == 0;
      std::optional<Bytes> expected;
      if (found != model.end()) expected = to_bytes(found->second);
      if (!right) expected = to_bytes("something else");
      batch.expect(table(), to_bytes(key), expected);
      conflicts = !right;
    }
    for (std::uint64_t i = random() % 4; i > 0; --i) {
      const std::string key = random_key();
      batch.erase(table(), to_bytes(key));
      next.erase(key);
    }
    for (std::uint64_t i = random() % 6; i > 0; --i) {
      const std::string key = random_key();
      const std::string value(random() % 3'000, static_cast<char>('a' + random() % 26));
      batch.put(table(), to_bytes(key), to_bytes(value));
      next[key] = value;
    }
    ASSERT_EQ(must(store().commit(batch)), conflicts ? Committed::conflict : Committed::ok);
    if (!conflicts) model = std::move(next);
    if (random() % 20 == 0) reopen();
    const auto snapshot = must(store().snapshot());
    ASSERT_EQ(contents(*snapshot, table()),
              (std::vector<std::pair<std::string, std::string>>(model.begin(), model.end())));
    const std::string end = random_key();
    const auto after = model.lower_bound(end);
    const auto last = must(snapshot->last_before(table(), to_bytes(end)));
    ASSERT_EQ(last.has_value(), after != model.begin());
    if (last) {
      EXPECT_EQ(to_text(last->key), std::prev(after)->first);
    }
  }
}

}  // namespace kt::store
