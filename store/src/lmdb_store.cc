#include "store/lmdb_store.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <fcntl.h>
#include <mutex>
#include <system_error>
#include <unistd.h>
#include <vector>

#include "checksum.h"
#include "keytrans/directory.h"
#include "lease_file.h"
#include "lmdb_handles.h"
#include "lmdb_snapshot.h"
#include "lmdb_tables.h"
#include "reader_gate.h"

namespace kt::store {
namespace {

constexpr std::uint16_t kFormat = 1;
constexpr std::string_view kFormatTable = "ktgate.store";
constexpr std::string_view kFormatKey = "format";
constexpr const char* kDataFile = "data.mdb";
constexpr unsigned kReserveTables = 1;  // the one above
constexpr std::chrono::seconds kStaleReaderInterval{60};

using Clock = std::chrono::steady_clock;

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

// LMDB calls it an I/O error when less is written than was to be, as when a disk becomes full.
tl::unexpected<Error> write_failure(int code) {
  if (code != EIO) return lmdb_failure("the batch cannot be written", code);
  return fail(Errc::unavailable, "the batch cannot be written: the disk is full, or it fails");
}

class LmdbStore final : public Store {
 public:
  LmdbStore(LeaseFile lease, Environment environment, const LmdbOptions& options)
      : lease_(std::move(lease)),
        environment_(std::move(environment)),
        options_(options),
        gate_(options.max_snapshots),
        transactions_(environment_.get()),
        tables_(options.max_tables + kReserveTables) {}

  // Recognises the environment, or marks a new one as ours.
  Result<void> check_format();
  // Refuses an environment whose file is shorter than its pages.
  Result<void> check_length(const std::filesystem::path& file);

  Result<Table> table(std::string_view space, std::string_view name) override;
  Result<std::vector<TableName>> tables() const override;
  Result<std::unique_ptr<Snapshot>> snapshot() const override;
  Result<Committed> commit(const Batch& batch) override;
  [[nodiscard]] Usage usage() const override;

 private:
  enum class Attempt : std::uint8_t { ok, conflict, unknown, map_full };

  // The record that says the format, or nothing for a new environment.
  Result<std::optional<Bytes>> read_format();
  Result<std::unique_ptr<LmdbSnapshot>> take_snapshot() const;
  Result<Transaction> begin_write();
  Result<Table> open_table(std::string name);
  Result<Attempt> attempt(const Batch& batch);
  Result<bool> holds(MDB_txn* transaction, const Batch::Expectation& expectation) const;
  int write(MDB_txn* transaction, const Batch& batch) const;
  Result<void> grow();
  void clear_stale_readers();
  // Requires: nothing replaces the map at the same time.
  void measure();
  [[nodiscard]] static tl::unexpected<Error> failed_before() {
    return fail(Errc::unavailable, "the storage failed and the store has to be opened again");
  }

  LeaseFile lease_;
  Environment environment_;
  LmdbOptions options_;
  // Snapshots are taken of a store that does not change.
  mutable ReaderGate gate_;
  mutable ReadTransactions transactions_;
  LmdbTables tables_;
  std::mutex writing_;  // held by the one who writes, or adds a table
  Clock::time_point stale_readers_cleared_;
  std::atomic<bool> failed_ = false;
  std::atomic<std::uint64_t> used_ = 0;  // bytes, after the last commit
};

// --- Opening ---------------------------------------------------------------------------------

Result<std::optional<Bytes>> LmdbStore::read_format() {
  const std::lock_guard lock(writing_);
  KT_TRY(const Transaction transaction, begin_write());
  MDB_dbi root = 0;
  MDB_stat names{};
  if (const int code = mdb_dbi_open(transaction.get(), nullptr, 0, &root); code != 0)
    return lmdb_failure("the environment cannot be read", code);
  if (const int code = mdb_stat(transaction.get(), root, &names); code != 0)
    return lmdb_failure("the environment cannot be read", code);
  if (names.ms_entries == 0) {
    if (!options_.create_if_missing) return fail(Errc::corrupt, "the store is empty");
    return std::optional<Bytes>();
  }
  LmdbTable table{0, std::string(kFormatTable), table_seed(kFormatTable)};
  if (mdb_dbi_open(transaction.get(), table.name.c_str(), 0, &table.handle) != 0)
    return fail(Errc::rejected, "the environment is not a store of this program");
  const Bytes key = to_bytes(kFormatKey);
  MDB_val wanted = to_value(key);
  MDB_val stored{};
  const int code = mdb_get(transaction.get(), table.handle, &wanted, &stored);
  // Whoever made the store may have ended after it added the table.
  if (code == MDB_NOTFOUND && names.ms_entries == 1) return std::optional<Bytes>();
  if (code == MDB_NOTFOUND) return fail(Errc::corrupt, "the store has no format");
  if (code != 0) return lmdb_failure("the environment cannot be read", code);
  KT_TRY(const ByteView format, checked_value(table, key, to_view(stored)));
  return std::optional<Bytes>(to_bytes(format));
}

Result<void> LmdbStore::check_format() {
  KT_TRY(const auto stored, read_format());
  KT_TRY(const Table table, open_table(std::string(kFormatTable)));
  if (!stored) {
    Batch batch;
    batch.put(table, to_bytes(kFormatKey), {kFormat >> 8U, kFormat & 0xffU});
    KT_TRY(const Committed committed, commit(batch));
    if (committed != Committed::ok) return failed_before();
    return {};
  }
  if (stored->size() != 2) return fail(Errc::corrupt, "the store has no format");
  const unsigned format = static_cast<unsigned>((*stored)[0]) << 8U | (*stored)[1];
  if (format == kFormat) return {};
  return fail(Errc::rejected, "the store has format " + std::to_string(format) +
                                  "; this program knows only " + std::to_string(kFormat));
}

Result<void> LmdbStore::check_length(const std::filesystem::path& file) {
  measure();
  std::error_code error;
  const std::uintmax_t length = std::filesystem::file_size(file, error);
  if (error) return fail(Errc::unavailable, "data.mdb: " + error.message());
  if (length < used_)
    return fail(Errc::corrupt, "data.mdb is shorter than its pages: it was cut off");
  return {};
}

Result<Table> LmdbStore::table(std::string_view space, std::string_view name) {
  if (!is_name(space) || !is_name(name))
    return fail(Errc::malformed, "a table's space and name are 1 to 64 of a-z, 0-9 and '-'");
  return open_table(std::string(space) + "." + std::string(name));
}

Result<Table> LmdbStore::open_table(std::string name) {
  const std::lock_guard lock(writing_);
  if (const auto known = tables_.find(name)) return *known;
  if (tables_.is_full()) return fail(Errc::unavailable, "the store has too many tables");
  KT_TRY(Transaction transaction, begin_write());
  MDB_dbi handle = 0;
  if (const int code = mdb_dbi_open(transaction.get(), name.c_str(), MDB_CREATE, &handle);
      code != 0)
    return lmdb_failure("a table cannot be opened", code);
  if (const int code = mdb_txn_commit(transaction.release()); code != 0)
    return lmdb_failure("a table cannot be opened", code);
  const std::uint64_t seed = table_seed(name);
  return tables_.add({handle, std::move(name), seed});
}

Result<std::vector<TableName>> LmdbStore::tables() const {
  KT_TRY(const auto snapshot, take_snapshot());
  KT_TRY(const auto full_names, snapshot->full_names());
  std::vector<TableName> names;
  for (const std::string& name : full_names) {
    if (name == kFormatTable) continue;
    const std::size_t dot = name.find('.');
    if (dot == std::string::npos || !is_name(name.substr(0, dot)) || !is_name(name.substr(dot + 1)))
      return fail(Errc::corrupt, "the environment has a table whose name is none");
    names.push_back({name.substr(0, dot), name.substr(dot + 1)});
  }
  return names;
}

// --- Reading ---------------------------------------------------------------------------------

Result<std::unique_ptr<LmdbSnapshot>> LmdbStore::take_snapshot() const {
  if (failed_) return failed_before();
  if (!gate_.enter()) return fail(Errc::unavailable, "too many snapshots are in use");
  auto transaction = transactions_.take();
  if (!transaction) {
    gate_.leave();
    return tl::unexpected<Error>(std::move(transaction).error());
  }
  return std::make_unique<LmdbSnapshot>(tables_, transactions_, gate_, *std::move(transaction),
                                        coarse_now() + options_.max_snapshot_age);
}

Result<std::unique_ptr<Snapshot>> LmdbStore::snapshot() const {
  KT_TRY(auto taken, take_snapshot());
  return std::unique_ptr<Snapshot>(std::move(taken));
}

Usage LmdbStore::usage() const { return {used_, options_.map_size_limit}; }

void LmdbStore::measure() {
  MDB_envinfo info{};
  MDB_stat stat{};
  mdb_env_info(environment_.get(), &info);
  mdb_env_stat(environment_.get(), &stat);
  used_ = (info.me_last_pgno + 1) * std::uint64_t{stat.ms_psize};
}

// --- Writing ---------------------------------------------------------------------------------

Result<Transaction> LmdbStore::begin_write() {
  if (failed_) return failed_before();
  MDB_txn* begun = nullptr;
  const int code = mdb_txn_begin(environment_.get(), nullptr, 0, &begun);
  if (code == MDB_PANIC) failed_ = true;
  if (code != 0) return lmdb_failure("nothing can be written", code);
  return Transaction(begun);
}

Result<Committed> LmdbStore::commit(const Batch& batch) {
  const std::lock_guard lock(writing_);
  clear_stale_readers();
  while (true) {
    KT_TRY(const Attempt outcome, attempt(batch));
    switch (outcome) {
      case Attempt::ok: return Committed::ok;
      case Attempt::conflict: return Committed::conflict;
      case Attempt::unknown: return Committed::unknown;
      case Attempt::map_full: KT_TRY(grow());
    }
  }
}

Result<LmdbStore::Attempt> LmdbStore::attempt(const Batch& batch) {
  KT_TRY(Transaction transaction, begin_write());
  for (const Batch::Expectation& expectation : batch.expectations()) {
    KT_TRY(const bool as_expected, holds(transaction.get(), expectation));
    if (!as_expected) return Attempt::conflict;
  }
  int code = write(transaction.get(), batch);
  if (code == MDB_MAP_FULL) return Attempt::map_full;
  if (code != 0) return write_failure(code);

  code = mdb_txn_commit(transaction.release());
  if (code == 0) {
    measure();
    return Attempt::ok;
  }
  if (code == MDB_MAP_FULL) return Attempt::map_full;
  // LMDB writes and flushes the new pages first, and the meta page, which makes them count, last.
  // When that fails, and only then, it panics; before, nothing counts and all is as it was.
  if (auto next = begin_write(); !next && failed_) return Attempt::unknown;
  return write_failure(code);
}

Result<bool> LmdbStore::holds(MDB_txn* transaction, const Batch::Expectation& expectation) const {
  const LmdbTable& table = tables_.at(expectation.table);
  MDB_val key = to_value(expectation.key);
  MDB_val stored{};
  const int code = mdb_get(transaction, table.handle, &key, &stored);
  if (code == MDB_NOTFOUND) return !expectation.value.has_value();
  if (code != 0) return lmdb_failure("a record cannot be read", code);
  KT_TRY(const ByteView value, checked_value(table, expectation.key, to_view(stored)));
  return expectation.value.has_value() && equal(value, *expectation.value);
}

// LMDB's code for the first change that fails, or 0.
int LmdbStore::write(MDB_txn* transaction, const Batch& batch) const {
  for (const Batch::Erase& erase : batch.erasures()) {
    MDB_val key = to_value(erase.key);
    const int code = mdb_del(transaction, tables_.at(erase.table).handle, &key, nullptr);
    if (code != 0 && code != MDB_NOTFOUND) return code;
  }

  // In the order of the tree, so that neighbours share pages; the last put of a key wins.
  std::vector<const Batch::Put*> puts;
  puts.reserve(batch.puts().size());
  for (const Batch::Put& put : batch.puts()) puts.push_back(&put);
  std::stable_sort(puts.begin(), puts.end(), [](const Batch::Put* a, const Batch::Put* b) {
    if (a->table != b->table) return a->table.number() < b->table.number();
    return std::lexicographical_compare(a->key.begin(), a->key.end(), b->key.begin(), b->key.end());
  });
  std::optional<Table> current;
  Bytes last;  // key in the current table
  for (const Batch::Put* const put : puts) {
    const LmdbTable& table = tables_.at(put->table);
    if (current != put->table) {
      current = put->table;
      MDB_cursor* opened = nullptr;
      if (const int code = mdb_cursor_open(transaction, table.handle, &opened); code != 0)
        return code;
      const Cursor cursor(opened);
      MDB_val key{};
      MDB_val value{};
      const int code = mdb_cursor_get(cursor.get(), &key, &value, MDB_LAST);
      if (code != 0 && code != MDB_NOTFOUND) return code;
      last = code == 0 ? to_bytes(to_view(key)) : Bytes();
    }
    // Appending fills pages to the brim, where inserting leaves them half empty.
    const bool appends =
        std::lexicographical_compare(last.begin(), last.end(), put->key.begin(), put->key.end());
    MDB_val key = to_value(put->key);
    MDB_val stored{kChecksumSize + put->value.size(), nullptr};
    const unsigned flags = MDB_RESERVE | (appends ? MDB_APPEND : 0U);
    if (const int code = mdb_put(transaction, table.handle, &key, &stored, flags); code != 0)
      return code;
    auto* const out = static_cast<std::uint8_t*>(stored.mv_data);
    const std::uint64_t checksum = record_checksum(table.seed, put->key, put->value);
    for (std::size_t i = 0; i < kChecksumSize; ++i)
      out[i] = static_cast<std::uint8_t>(checksum >> (8 * (kChecksumSize - 1 - i)));
    std::copy(put->value.begin(), put->value.end(), out + kChecksumSize);
    if (appends) last = put->key;
  }
  return 0;
}

Result<void> LmdbStore::grow() {
  MDB_envinfo info{};
  mdb_env_info(environment_.get(), &info);
  if (info.me_mapsize >= options_.map_size_limit)
    return fail(Errc::unavailable, "the store is full: its map has reached its limit");
  // The map can only be replaced while nobody reads; nobody reads for longer than this.
  if (!gate_.close(options_.max_snapshot_age * 2))
    return fail(Errc::unavailable, "the map cannot grow while a snapshot is kept");
  transactions_.clear();
  const std::uint64_t size = std::min(info.me_mapsize * std::uint64_t{2}, options_.map_size_limit);
  const int code = mdb_env_set_mapsize(environment_.get(), size);
  gate_.open();
  if (code != 0) return lmdb_failure("the map cannot grow", code);
  return {};
}

void LmdbStore::clear_stale_readers() {
  const auto now = Clock::now();
  if (now - stale_readers_cleared_ < kStaleReaderInterval) return;
  stale_readers_cleared_ = now;
  int cleared = 0;
  mdb_reader_check(environment_.get(), &cleared);
}

// Takes the room for LMDB's table of readers, which it maps and fills as readers come: without room
// for it, the system would end the process. To be called before LMDB has locked the file, for
// closing it gives all locks of the process on it up.
Result<void> reserve_readers(const std::filesystem::path& file, unsigned readers) {
  // A reader takes 64 bytes, a cache line, and what is before the first one less than a page.
  constexpr off_t kReaderSize = 64;
  constexpr off_t kHeaderSize = 4096;
  const int descriptor = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  const int code = descriptor < 0
                       ? errno
                       : posix_fallocate(descriptor, 0, kHeaderSize + kReaderSize * off_t{readers});
  if (descriptor >= 0) close(descriptor);
  if (code != 0)
    return fail(Errc::unavailable, "there is no room for the table of readers: " +
                                       std::generic_category().message(code));
  return {};
}

}  // namespace

Result<std::unique_ptr<Store>> open_lmdb_store(const std::filesystem::path& path,
                                               const LmdbOptions& options) {
  KT_ASSERT(options.initial_map_size <= options.map_size_limit);
  std::error_code error;
  if (!options.create_if_missing && !std::filesystem::is_regular_file(path / kDataFile, error))
    return fail(Errc::not_found, "there is no store in this directory");
  if (std::filesystem::create_directories(path, error))
    std::filesystem::permissions(path, std::filesystem::perms::owner_all, error);
  if (error) return fail(Errc::unavailable, "the store's directory: " + error.message());
  KT_TRY(LeaseFile lease, LeaseFile::take(path / "lease"));

  const unsigned readers = options.max_snapshots + 8;
  KT_TRY(reserve_readers(path / "lock.mdb", readers));

  MDB_env* created = nullptr;
  if (const int code = mdb_env_create(&created); code != 0)
    return lmdb_failure("the environment cannot be opened", code);
  Environment environment(created);
  mdb_env_set_mapsize(created, options.initial_map_size);
  mdb_env_set_maxdbs(created, options.max_tables + kReserveTables);
  mdb_env_set_maxreaders(created, readers);
  // Read transactions move between threads; lookups go all over the file.
  if (const int code = mdb_env_open(created, path.c_str(), MDB_NOTLS | MDB_NORDAHEAD, 0600);
      code != 0)
    return lmdb_failure("the environment cannot be opened", code);
  KT_TRY(keytrans::sync_directory(path));

  auto store = std::make_unique<LmdbStore>(std::move(lease), std::move(environment), options);
  KT_TRY(store->check_length(path / kDataFile));
  KT_TRY(store->check_format());
  return std::unique_ptr<Store>(std::move(store));
}

}  // namespace kt::store
