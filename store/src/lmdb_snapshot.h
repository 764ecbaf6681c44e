// A snapshot as an LMDB read transaction. Internal.
#pragma once

#include <chrono>
#include <mutex>
#include <vector>

#include "lmdb_handles.h"
#include "lmdb_tables.h"
#include "reader_gate.h"
#include "store/store.h"

namespace kt::store {

// Steady time by the machine's cheapest clock, exact to a few milliseconds; it is read at every
// access.
[[nodiscard]] std::chrono::nanoseconds coarse_now();

// Read transactions that wait to be used again, which is cheaper than making new ones.
// Thread rule: any thread.
class ReadTransactions {
 public:
  explicit ReadTransactions(MDB_env* environment) : environment_(environment) {}

  // Errors: unavailable.
  Result<Transaction> take();
  void give_back(Transaction transaction);
  // Ends all that wait.
  void clear();

 private:
  MDB_env* environment_;
  std::mutex mutex_;
  std::vector<Transaction> waiting_;
};

// Lifetime: borrows everything it is given. Whoever makes one has entered the gate.
class LmdbSnapshot final : public Snapshot {
 public:
  LmdbSnapshot(const LmdbTables& tables, ReadTransactions& transactions, ReaderGate& gate,
               Transaction transaction, std::chrono::nanoseconds expiry)
      : tables_(tables),
        transactions_(transactions),
        gate_(gate),
        transaction_(std::move(transaction)),
        expiry_(expiry) {}
  LmdbSnapshot(const LmdbSnapshot&) = delete;
  LmdbSnapshot& operator=(const LmdbSnapshot&) = delete;
  ~LmdbSnapshot() override;

  Result<std::optional<ByteView>> get(Table table, ByteView key) const override;
  Result<void> scan(Table table, ByteView from, const Visitor& visit) const override;
  Result<void> scan_keys(Table table, ByteView from, const KeyVisitor& visit) const override;
  Result<std::optional<Record>> last_before(Table table, ByteView end) const override;
  Result<std::uint64_t> count(Table table) const override;

  // The full names of all tables, in ascending order.
  Result<std::vector<std::string>> full_names() const;

 private:
  Result<Cursor> open_cursor(const LmdbTable& table) const;
  // Calls `visit` with each key from `from` on and what is stored for it.
  template <class Visit>
  Result<void> walk(const LmdbTable& table, ByteView from, const Visit& visit) const;
  Result<void> check_age() const;

  const LmdbTables& tables_;
  ReadTransactions& transactions_;
  ReaderGate& gate_;
  Transaction transaction_;
  std::chrono::nanoseconds expiry_;  // a coarse_now()
};

// The value in what is stored for `key`. Errors: corrupt.
Result<ByteView> checked_value(const LmdbTable& table, ByteView key, ByteView stored);

}  // namespace kt::store
