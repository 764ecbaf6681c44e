#include "lmdb_snapshot.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <ctime>

#include "checksum.h"

namespace kt::store {
namespace {

std::uint64_t read_checksum(ByteView stored) {
  std::uint64_t checksum = 0;
  for (std::size_t i = 0; i < kChecksumSize; ++i) checksum = checksum << 8U | stored[i];
  return checksum;
}

// Enough to tell records apart when looking for a fault, and too little to tell whose they are.
std::string record_name(const LmdbTable& table, ByteView key) {
  std::array<char, 5> digest{};
  std::snprintf(digest.data(), digest.size(), "%04x",
                static_cast<unsigned>(record_checksum(table.seed, key, {}) & 0xffffU));
  return "record " + std::string(digest.data()) + " of table " + table.name;
}

tl::unexpected<Error> read_failure(int code) {
  if (code == EINVAL || code == MDB_BAD_DBI)
    return fail(Errc::unavailable, "a table was opened after the snapshot was taken");
  return lmdb_failure("a table cannot be read", code);
}

}  // namespace

std::chrono::nanoseconds coarse_now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

Result<Transaction> ReadTransactions::take() {
  Transaction reused;
  {
    const std::lock_guard lock(mutex_);
    if (!waiting_.empty()) {
      reused = std::move(waiting_.back());
      waiting_.pop_back();
    }
  }
  if (reused) {
    if (const int code = mdb_txn_renew(reused.get()); code != 0)
      return lmdb_failure("a snapshot cannot be taken", code);
    return reused;
  }
  MDB_txn* begun = nullptr;
  if (const int code = mdb_txn_begin(environment_, nullptr, MDB_RDONLY, &begun); code != 0)
    return lmdb_failure("a snapshot cannot be taken", code);
  return Transaction(begun);
}

void ReadTransactions::give_back(Transaction transaction) {
  mdb_txn_reset(transaction.get());
  const std::lock_guard lock(mutex_);
  waiting_.push_back(std::move(transaction));
}

void ReadTransactions::clear() {
  const std::lock_guard lock(mutex_);
  waiting_.clear();
}

Result<ByteView> checked_value(const LmdbTable& table, ByteView key, ByteView stored) {
  if (stored.size() >= kChecksumSize) {
    const ByteView value = stored.subspan(kChecksumSize);
    if (record_checksum(table.seed, key, value) == read_checksum(stored)) return value;
  }
  return fail(Errc::corrupt, record_name(table, key) + " is damaged: its checksum does not hold");
}

LmdbSnapshot::~LmdbSnapshot() {
  transactions_.give_back(std::move(transaction_));
  gate_.leave();
}

Result<void> LmdbSnapshot::check_age() const {
  if (coarse_now() < expiry_) return {};
  return fail(Errc::unavailable, "the snapshot is too old");
}

Result<Cursor> LmdbSnapshot::open_cursor(const LmdbTable& table) const {
  MDB_cursor* opened = nullptr;
  if (const int code = mdb_cursor_open(transaction_.get(), table.handle, &opened); code != 0)
    return read_failure(code);
  return Cursor(opened);
}

Result<std::optional<ByteView>> LmdbSnapshot::get(Table table, ByteView key) const {
  KT_TRY(check_age());
  const LmdbTable& opened = tables_.at(table);
  MDB_val wanted = to_value(key);
  MDB_val found{};
  const int code = mdb_get(transaction_.get(), opened.handle, &wanted, &found);
  if (code == MDB_NOTFOUND) return std::optional<ByteView>();
  if (code != 0) return read_failure(code);
  KT_TRY(const ByteView value, checked_value(opened, key, to_view(found)));
  return std::optional<ByteView>(value);
}

template <class Visit>
Result<void> LmdbSnapshot::walk(const LmdbTable& table, ByteView from, const Visit& visit) const {
  KT_TRY(const Cursor cursor, open_cursor(table));
  MDB_val key = to_value(from);
  MDB_val stored{};
  int code = mdb_cursor_get(cursor.get(), &key, &stored, from.empty() ? MDB_FIRST : MDB_SET_RANGE);
  for (; code == 0; code = mdb_cursor_get(cursor.get(), &key, &stored, MDB_NEXT)) {
    KT_TRY(check_age());
    KT_TRY(const bool goes_on, visit(to_view(key), to_view(stored)));
    if (!goes_on) return {};
  }
  if (code != MDB_NOTFOUND) return read_failure(code);
  return {};
}

Result<void> LmdbSnapshot::scan(Table table, ByteView from, const Visitor& visit) const {
  const LmdbTable& opened = tables_.at(table);
  return walk(opened, from, [&](ByteView key, ByteView stored) -> Result<bool> {
    KT_TRY(const ByteView value, checked_value(opened, key, stored));
    return visit({key, value});
  });
}

Result<void> LmdbSnapshot::scan_keys(Table table, ByteView from, const KeyVisitor& visit) const {
  return walk(tables_.at(table), from,
              [&](ByteView key, ByteView) -> Result<bool> { return visit(key); });
}

Result<std::optional<Record>> LmdbSnapshot::last_before(Table table, ByteView end) const {
  KT_TRY(check_age());
  const LmdbTable& opened = tables_.at(table);
  KT_TRY(const Cursor cursor, open_cursor(opened));
  MDB_val key = to_value(end);
  MDB_val stored{};
  int code = MDB_NOTFOUND;
  if (!end.empty()) {
    code = mdb_cursor_get(cursor.get(), &key, &stored, MDB_SET_RANGE);
    if (code == 0)
      code = mdb_cursor_get(cursor.get(), &key, &stored, MDB_PREV);
    else if (code == MDB_NOTFOUND)
      code = mdb_cursor_get(cursor.get(), &key, &stored, MDB_LAST);
  } else {
    code = mdb_cursor_get(cursor.get(), &key, &stored, MDB_LAST);
  }
  if (code == MDB_NOTFOUND) return std::optional<Record>();
  if (code != 0) return read_failure(code);
  KT_TRY(const ByteView value, checked_value(opened, to_view(key), to_view(stored)));
  return std::optional<Record>(Record{to_view(key), value});
}

Result<std::uint64_t> LmdbSnapshot::count(Table table) const {
  KT_TRY(check_age());
  MDB_stat stat{};
  if (const int code = mdb_stat(transaction_.get(), tables_.at(table).handle, &stat); code != 0)
    return read_failure(code);
  return std::uint64_t{stat.ms_entries};
}

// LMDB keeps the names of the tables as the keys of a table without a name.
Result<std::vector<std::string>> LmdbSnapshot::full_names() const {
  LmdbTable root;
  if (const int code = mdb_dbi_open(transaction_.get(), nullptr, 0, &root.handle); code != 0)
    return lmdb_failure("the environment cannot be read", code);
  KT_TRY(const Cursor cursor, open_cursor(root));
  std::vector<std::string> names;
  MDB_val key{};
  int code = mdb_cursor_get(cursor.get(), &key, nullptr, MDB_FIRST);
  for (; code == 0; code = mdb_cursor_get(cursor.get(), &key, nullptr, MDB_NEXT)) {
    const ByteView bytes = to_view(key);
    names.emplace_back(bytes.begin(), bytes.end());
  }
  if (code != MDB_NOTFOUND) return lmdb_failure("the environment cannot be read", code);
  return names;
}

}  // namespace kt::store
