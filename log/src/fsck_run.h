// What the checks of a log have in common: its records, and what is found. Internal.
//
// Thread rule: one thread at a time.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "closed_log.h"
#include "log/fsck.h"
#include "prefix_store.h"
#include "store/pages.h"

namespace kt::log {

// A record of a table as it is met.
struct FoundRecord {
  std::uint64_t number;  // in the order of the table, from 1
  const Bytes& key;
  const Result<Bytes>& value;
};

// The nodes of the prefix tree and single records, from snapshots that never grow old.
class FreshSnapshot final : public keytrans::PrefixNodes {
 public:
  // Borrows both.
  FreshSnapshot(const store::Store& store, const Tables& tables) : store_(store), tables_(tables) {}

  // The value is valid until the next call. Errors: those of a snapshot.
  Result<std::optional<ByteView>> value(store::Table table, ByteView key) const;
  Result<keytrans::PrefixNode> get(keytrans::PrefixNodeRef ref) const override;

 private:
  struct Taken {
    std::unique_ptr<store::Snapshot> snapshot;
    StoredPrefixNodes nodes;
    std::chrono::steady_clock::time_point until;
  };
  Result<const Taken*> take() const;

  const store::Store& store_;
  const Tables& tables_;
  mutable std::optional<Taken> taken_;
};

class FsckRun {
 public:
  // Borrows all.
  FsckRun(const ClosedLog& log, const FsckOptions& options, const FsckProgress& progress)
      : options_(options), progress_(progress), log_(log), snapshot_(*log.store, log.tables) {}

  [[nodiscard]] const ClosedLog& log() const { return log_; }
  [[nodiscard]] const FreshSnapshot& snapshot() const { return snapshot_; }
  [[nodiscard]] bool is_expired(const StoredEntry& entry) const {
    return log_.configuration.expired(entry.timestamp, log_.state.timestamp);
  }

  void fault(const std::string& record, const std::string& what);

  // Calls `visit` for each record of the table `name`, damaged or not. A table that cannot be read
  // to its end is a fault. Errors: the first of `visit`; unavailable.
  using Visitor = std::function<Result<void>(const FoundRecord&)>;
  Result<void> visit(store::Table table, const std::string& name, const Visitor& visit);

  // Calls `visit` for each entry of the log that can be read and is not beyond its end, once more:
  // nothing is said about the others.
  using EntryVisitor = std::function<Result<void>(EntryIndex index, const StoredEntry& entry)>;
  Result<void> visit_entries(const EntryVisitor& visit);

  // The entry, or nothing if it cannot be read: its own check says so. Errors: unavailable.
  Result<std::optional<StoredEntry>> entry(EntryIndex index) const;

  // What `value` is, or nothing: a fault of `record` then.
  template <class T>
  std::optional<T> decode(const std::string& record, const Result<Bytes>& value) {
    if (!value) {
      fault(record, value.error().detail);
      return std::nullopt;
    }
    Result<T> decoded = decode_record<T>(*value);
    if (decoded) return *std::move(decoded);
    fault(record, decoded.error().detail);
    return std::nullopt;
  }

  // So many records will be looked at.
  void expect(std::uint64_t records) { total_ = records; }

  FsckReport report;

 private:
  const FsckOptions& options_;
  const FsckProgress& progress_;
  const ClosedLog& log_;
  FreshSnapshot snapshot_;
  std::uint64_t done_ = 0;
  std::uint64_t total_ = 0;
};

// What `key` of a table with numbers for keys is, if it is one.
std::optional<std::uint64_t> parse_number_key(ByteView key);

// The checks, each of some tables. Errors: unavailable, and those of the keys.
Result<void> check_log_tree(FsckRun& run);     // entries, nodes, state and the head file
Result<void> check_prefix_tree(FsckRun& run);  // prefix
// versions; without a key the VRFs are believed.
Result<void> check_versions(FsckRun& run, const keytrans::VrfPrivateKey* vrf_key);
Result<void> check_values(FsckRun& run);           // values
Result<void> check_erasures(FsckRun& run);         // erased, erasures, leaving, pseudonyms
Result<void> check_auditor_updates(FsckRun& run);  // audit

}  // namespace kt::log
