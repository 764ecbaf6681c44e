// The Store over LMDB: the conformance suite, and what is LMDB's own.
#include "store/lmdb_store.h"

#include <algorithm>
#include <csignal>
#include <fstream>
#include <random>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

#include "checksum.h"
#include "conformance.h"
#include "lmdb_handles.h"
#include "must.h"
#include "scratch_directory.h"
#include "store/pages.h"

namespace kt::store {
namespace {

class LmdbFactory final : public StoreFactory {
 public:
  Result<std::unique_ptr<Store>> open() override {
    return open_lmdb_store(directory_.path() / "store", options_);
  }

 private:
  ScratchDirectory directory_;
  LmdbOptions options_;
};

INSTANTIATE_TEST_SUITE_P(Lmdb, StoreConformance, ::testing::Values([] {
                           return std::unique_ptr<StoreFactory>(std::make_unique<LmdbFactory>());
                         }),
                         [](const auto&) { return std::string("Store"); });

class LmdbStore : public ::testing::Test {
 protected:
  [[nodiscard]] std::unique_ptr<Store> open(const LmdbOptions& options = {}) const {
    return must(open_lmdb_store(path_, options));
  }
  static Table table_of(Store& store) { return must(store.table("space", "table")); }
  static Result<Committed> put(Store& store, std::string_view key, const Bytes& value) {
    Batch batch;
    batch.put(table_of(store), to_bytes(key), value);
    return store.commit(batch);
  }
  static std::optional<std::string> text_of(Store& store, std::string_view key) {
    const Table table = table_of(store);
    return text_at(*must(store.snapshot()), table, key);
  }
  [[nodiscard]] Bytes read_file() const {
    std::ifstream file(data_file(), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  void write_file(const Bytes& bytes) const {
    std::ofstream file(data_file(), std::ios::binary | std::ios::trunc);
    file.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    ASSERT_TRUE(file.good());
  }
  [[nodiscard]] std::filesystem::path data_file() const { return path_ / "data.mdb"; }

  ScratchDirectory directory_;
  std::filesystem::path path_ = directory_.path() / "store";
};

TEST_F(LmdbStore, OnlyItsOwnerHasAccess) {
  const auto store = open();
  using std::filesystem::perms;
  EXPECT_EQ(std::filesystem::status(path_).permissions(), perms::owner_all);
  for (const char* const name : {"data.mdb", "lock.mdb", "lease"}) {
    EXPECT_EQ(std::filesystem::status(path_ / name).permissions() &
                  (perms::group_all | perms::others_all),
              perms::none)
        << name;
  }
}

// --- Damage ----------------------------------------------------------------------------------

// Every byte of a stored value, changed: found when it is read, and nowhere else.
TEST_F(LmdbStore, ChangedBytesOfAValueAreFound) {
  const Bytes value = to_bytes("a value that is easy to find in the file, one and only");
  {
    const auto store = open();
    ASSERT_EQ(must(put(*store, "damaged", value)), Committed::ok);
    ASSERT_EQ(must(put(*store, "sound", {1})), Committed::ok);
  }
  const Bytes sound = read_file();
  const auto found = std::search(sound.begin(), sound.end(), value.begin(), value.end());
  ASSERT_NE(found, sound.end());
  std::size_t tried = 0;
  // The key and the checksum stand before the value, and pages that were copied have older ones.
  for (auto place = found; place != found + static_cast<std::ptrdiff_t>(value.size()); ++place) {
    Bytes flipped = sound;
    for (auto copy = flipped.begin(); copy != flipped.end();) {
      copy = std::search(copy, flipped.end(), value.begin(), value.end());
      if (copy == flipped.end()) break;
      *(copy + (place - found)) ^= static_cast<std::uint8_t>(1U << (tried % 8));
      ++copy;
    }
    write_file(flipped);
    const auto store = open();
    const Table table = table_of(*store);
    const auto snapshot = must(store->snapshot());
    const auto damaged = snapshot->get(table, to_bytes("damaged"));
    ASSERT_FALSE(damaged.has_value());
    EXPECT_EQ(damaged.error().code, Errc::corrupt);
    EXPECT_NE(damaged.error().detail.find("of table space.table is damaged"), std::string::npos);
    EXPECT_EQ(damaged.error().detail.find("damaged\""), std::string::npos);
    EXPECT_EQ(text_at(*snapshot, table, "sound"), "\x01");
    const auto scanned =
        snapshot->scan(table, {}, [](const Record&) { return Result<bool>(true); });
    EXPECT_FALSE(scanned.has_value());
    const auto page = must(read_checked_page(*store, table, {}));
    ASSERT_EQ(page.size(), 2U);
    EXPECT_EQ(page[0].value.error(), damaged.error());
    EXPECT_EQ(must(page[1].value), Bytes{1});
    EXPECT_FALSE(snapshot->last_before(table, to_bytes("e")).has_value());
    Batch batch;
    batch.expect(table, to_bytes("damaged"), value);
    EXPECT_FALSE(store->commit(batch).has_value());
    ++tried;
  }
  EXPECT_EQ(tried, value.size());
}

// A record that turns up under another key does not pass for that key's.
TEST_F(LmdbStore, RecordsCannotChangePlaces) {
  {
    const auto store = open();
    ASSERT_EQ(must(put(*store, "key-number-one", to_bytes("one"))), Committed::ok);
  }
  Bytes file = read_file();
  const Bytes key = to_bytes("key-number-one");
  for (auto place = file.begin();;) {
    place = std::search(place, file.end(), key.begin(), key.end());
    if (place == file.end()) break;
    *(place + 13) = 'x';
  }
  write_file(file);
  const auto store = open();
  const Table table = table_of(*store);
  const auto moved = must(store->snapshot())->get(table, to_bytes("key-number-onx"));
  ASSERT_FALSE(moved.has_value());
  EXPECT_EQ(moved.error().code, Errc::corrupt);
}

TEST_F(LmdbStore, AFileThatWasCutOffIsRefused) {
  {
    const auto store = open();
    ASSERT_EQ(must(put(*store, "a", Bytes(100'000))), Committed::ok);
  }
  const std::uintmax_t size = std::filesystem::file_size(data_file());
  std::filesystem::resize_file(data_file(), size - 4096);
  const auto reopened = open_lmdb_store(path_);
  ASSERT_FALSE(reopened.has_value());
  EXPECT_EQ(reopened.error().code, Errc::corrupt);
}

TEST_F(LmdbStore, WhatIsNotAnEnvironmentIsRefused) {
  std::filesystem::create_directory(path_);
  write_file(Bytes(20'000, 0x55));
  const auto opened = open_lmdb_store(path_);
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, Errc::corrupt);
}

// --- Formats ---------------------------------------------------------------------------------

// The example of docs/formats.md.
TEST_F(LmdbStore, WorkedExample) {
  EXPECT_EQ(record_checksum(table_seed("space.table"), to_bytes("key"), to_bytes("value")),
            0xa95afd8531411f7eULL);
  {
    const auto store = open();
    ASSERT_EQ(must(put(*store, "key", to_bytes("value"))), Committed::ok);
  }
  const Bytes file = read_file();
  const Bytes stored = *from_hex(
      "6b6579"
      "a95afd8531411f7e"
      "76616c7565");
  EXPECT_NE(std::search(file.begin(), file.end(), stored.begin(), stored.end()), file.end());
}

// As a later program would write it.
TEST_F(LmdbStore, AnUnknownFormatIsRefused) {
  static_cast<void>(open());
  Bytes file = read_file();
  const Bytes key = to_bytes("format");
  const std::uint64_t checksum = record_checksum(table_seed("ktgate.store"), key, Bytes{0, 2});
  std::size_t changed = 0;
  for (auto place = file.begin();;) {
    place = std::search(place, file.end(), key.begin(), key.end());
    if (place == file.end()) break;
    place += static_cast<std::ptrdiff_t>(key.size());
    for (std::size_t i = 0; i < 8; ++i)
      *place++ = static_cast<std::uint8_t>(checksum >> (8 * (7 - i)));
    *(place + 1) = 2;
    ++changed;
  }
  ASSERT_GT(changed, 0U);
  write_file(file);
  const auto opened = open_lmdb_store(path_);
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error(),
            (Error{Errc::rejected, "the store has format 2; this program knows only 1"}));
}

// The process that made the store ended between two steps.
TEST_F(LmdbStore, AnUnfinishedStoreIsFinished) {
  std::filesystem::create_directory(path_);
  {
    MDB_env* created = nullptr;
    ASSERT_EQ(mdb_env_create(&created), 0);
    const Environment environment(created);
    ASSERT_EQ(mdb_env_set_maxdbs(created, 1), 0);
    ASSERT_EQ(mdb_env_open(created, path_.c_str(), 0, 0600), 0);
    MDB_txn* transaction = nullptr;
    ASSERT_EQ(mdb_txn_begin(created, nullptr, 0, &transaction), 0);
    MDB_dbi table = 0;
    ASSERT_EQ(mdb_dbi_open(transaction, "ktgate.store", MDB_CREATE, &table), 0);
    ASSERT_EQ(mdb_txn_commit(transaction), 0);
  }
  must(put(*open(), "key", Bytes{1}));
  EXPECT_TRUE(text_of(*open(), "key").has_value());
}

TEST_F(LmdbStore, AnEnvironmentOfAnotherProgramIsRefused) {
  static_cast<void>(open());
  Bytes file = read_file();
  const Bytes name = to_bytes("ktgate.store");
  for (auto place = file.begin();;) {
    place = std::search(place, file.end(), name.begin(), name.end());
    if (place == file.end()) break;
    *place = 'x';
  }
  write_file(file);
  const auto opened = open_lmdb_store(path_);
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, Errc::rejected);
}

// --- Room ------------------------------------------------------------------------------------

TEST_F(LmdbStore, TheMapGrows) {
  LmdbOptions options;
  options.initial_map_size = std::uint64_t{1} << 20;
  options.map_size_limit = std::uint64_t{1} << 26;
  const auto store = open(options);
  for (int i = 0; i < 40; ++i)
    ASSERT_EQ(must(put(*store, "key" + std::to_string(i), Bytes(200'000))), Committed::ok);
  const auto snapshot = must(store->snapshot());
  for (int i = 0; i < 40; ++i)
    EXPECT_EQ(must(snapshot->get(table_of(*store), to_bytes("key" + std::to_string(i))))->size(),
              200'000U);
}

TEST_F(LmdbStore, TheMapGrowsWhileOthersRead) {
  LmdbOptions options;
  options.initial_map_size = std::uint64_t{1} << 20;
  options.map_size_limit = std::uint64_t{1} << 26;
  const auto store = open(options);
  const Table table = table_of(*store);
  ASSERT_EQ(must(put(*store, "key", {7})), Committed::ok);
  std::atomic<bool> done = false;
  std::atomic<int> wrong = 0;
  std::vector<std::thread> readers;
  for (int reader = 0; reader < 3; ++reader) {
    readers.emplace_back([&] {
      while (!done) {
        const auto snapshot = must(store->snapshot());
        const auto value = must(snapshot->get(table, to_bytes("key")));
        if (!value || value->size() != 1 || (*value)[0] != 7) ++wrong;
      }
    });
  }
  for (int i = 0; i < 30; ++i)
    EXPECT_EQ(must(put(*store, "big" + std::to_string(i), Bytes(200'000))), Committed::ok);
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0);
}

TEST_F(LmdbStore, AKeptSnapshotHoldsGrowthUpAndNothingIsLost) {
  LmdbOptions options;
  options.initial_map_size = std::uint64_t{1} << 20;
  options.map_size_limit = std::uint64_t{1} << 26;
  options.max_snapshot_age = std::chrono::milliseconds(50);
  const auto store = open(options);
  auto kept = must(store->snapshot());
  const auto refused = put(*store, "big", Bytes(2'000'000));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::unavailable);
  kept.reset();
  EXPECT_EQ(must(put(*store, "big", Bytes(2'000'000))), Committed::ok);
}

TEST_F(LmdbStore, AFullMapRefusesAndServesOn) {
  LmdbOptions options;
  options.initial_map_size = options.map_size_limit = std::uint64_t{1} << 20;
  const auto store = open(options);
  ASSERT_EQ(must(put(*store, "small", {1})), Committed::ok);
  ASSERT_EQ(must(put(*store, "large", Bytes(400'000))), Committed::ok);
  const auto refused = put(*store, "more", Bytes(700'000));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::unavailable);
  EXPECT_NE(refused.error().detail.find("full"), std::string::npos);
  EXPECT_EQ(text_of(*store, "small"), "\x01");
  // Until there is room again.
  Batch batch;
  batch.erase(table_of(*store), to_bytes("large"));
  ASSERT_EQ(must(store->commit(batch)), Committed::ok);
  EXPECT_EQ(must(put(*store, "small", {2})), Committed::ok);
  EXPECT_EQ(must(put(*store, "again", Bytes(300'000))), Committed::ok);
}

TEST_F(LmdbStore, TheAlarmIsBeforeTheEnd) {
  LmdbOptions options;
  options.initial_map_size = options.map_size_limit = std::uint64_t{1} << 20;
  const auto store = open(options);
  EXPECT_FALSE(store->usage().is_nearly_full());
  ASSERT_EQ(must(put(*store, "large", Bytes(850'000))), Committed::ok);
  EXPECT_TRUE(store->usage().is_nearly_full());
  EXPECT_EQ(must(put(*store, "small", {1})), Committed::ok);
}

// The system's limit on file sizes stands for a disk without room: the write fails the same way.
TEST_F(LmdbStore, ADiskWithoutRoomRefusesAndServesOn) {
  const auto store = open();
  ASSERT_EQ(must(put(*store, "small", {1})), Committed::ok);
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit full{std::filesystem::file_size(data_file()) + 4096, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &full), 0);
  const auto refused = put(*store, "large", Bytes(1'000'000));
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);

  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::unavailable);
  EXPECT_EQ(text_of(*store, "small"), "\x01");
  EXPECT_EQ(text_of(*store, "large"), std::nullopt);
  EXPECT_EQ(must(put(*store, "large", Bytes(1'000'000))), Committed::ok);
}

// --- Bounds ----------------------------------------------------------------------------------

TEST_F(LmdbStore, SnapshotsGrowOld) {
  LmdbOptions options;
  options.max_snapshot_age = std::chrono::milliseconds(0);
  const auto store = open(options);
  const auto snapshot = must(store->snapshot());
  const auto old = snapshot->get(table_of(*store), to_bytes("a"));
  ASSERT_FALSE(old.has_value());
  EXPECT_EQ(old.error().code, Errc::unavailable);
}

TEST_F(LmdbStore, TooManySnapshotsAreRefused) {
  LmdbOptions options;
  options.max_snapshots = 3;
  const auto store = open(options);
  std::vector<std::unique_ptr<Snapshot>> snapshots;
  for (int i = 0; i < 3; ++i) snapshots.push_back(must(store->snapshot()));
  const auto refused = store->snapshot();
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::unavailable);
  snapshots.pop_back();
  EXPECT_TRUE(store->snapshot().has_value());
}

TEST_F(LmdbStore, TooManyTablesAreRefused) {
  LmdbOptions options;
  options.max_tables = 2;
  const auto store = open(options);
  EXPECT_TRUE(store->table("space", "a").has_value());
  EXPECT_TRUE(store->table("space", "b").has_value());
  const auto refused = store->table("space", "c");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::unavailable);
}

// --- Processes -------------------------------------------------------------------------------

// A process that dies without closing anything leaves the lease, and all it committed.
TEST_F(LmdbStore, AKilledProcessLeavesWhatItCommitted) {
  int ready[2] = {-1, -1};
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto store = open();
    const auto kept = must(store->snapshot());
    std::uint8_t count = 0;
    while (true) {
      if (must(put(*store, "count", {++count})) != Committed::ok || count == 255) _exit(1);
      if (write(ready[1], &count, 1) != 1) _exit(1);
    }
  }
  std::uint8_t acknowledged = 0;
  while (acknowledged < 20) {
    ASSERT_EQ(read(ready[0], &acknowledged, 1), 1);
  }
  ASSERT_EQ(kill(child, SIGKILL), 0);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  close(ready[1]);
  for (std::uint8_t next = 0; read(ready[0], &next, 1) == 1;) acknowledged = next;
  close(ready[0]);
  const auto store = open();
  const auto stored = text_of(*store, "count");
  ASSERT_TRUE(stored.has_value());
  EXPECT_GE(static_cast<std::uint8_t>(stored->front()), acknowledged);
}

}  // namespace
}  // namespace kt::store
