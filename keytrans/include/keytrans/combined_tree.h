// The combined tree as the draft's algorithms see it.
//
// An algorithm asks a `TreeHandle` two things of a log entry: its timestamp, and the
// results of a series of lookups in its prefix tree. The prover's handle answers from
// the log and writes down what it gave; the verifier's handle answers from a
// CombinedTreeProof, read as queues. The algorithms exist once and cannot tell which
// one they run on, so neither side can drift from the other.
//
// Source: draft, "Reasonable Monitoring Window", "Maximum Lifetime", "Combined Tree",
// appendix "CombinedTreeProof Implementation".
//
// Thread rule: one thread at a time. A CombinedTree borrows its handle.
#pragma once

#include <cstdint>
#include <optional>

#include "keytrans/ladder.h"
#include "keytrans/messages.h"
#include "keytrans/result.h"
#include "keytrans/types.h"

namespace kt::keytrans {

class TreeHandle {
 public:
  TreeHandle() = default;
  TreeHandle(const TreeHandle&) = delete;
  TreeHandle& operator=(const TreeHandle&) = delete;
  virtual ~TreeHandle() = default;

  // The timestamp of `entry`; the same value every time it is asked for.
  virtual Result<Timestamp> timestamp(EntryIndex entry) = 0;

  // Runs `plan` against the prefix tree of `entry`: one PrefixProof.
  // Requires: timestamp(entry) was asked for before (known-gaps 1).
  virtual Result<void> lookup(EntryIndex entry, LookupPlan& plan) = 0;
};

// A log of a given size seen through a handle, with the log's durations.
class CombinedTree {
 public:
  // Requires: size > 0.
  CombinedTree(TreeHandle& handle, const Configuration& configuration, TreeSize size);

  [[nodiscard]] TreeSize size() const { return size_; }
  [[nodiscard]] EntryIndex rightmost_entry() const { return rightmost(size_); }

  Result<Timestamp> timestamp(EntryIndex entry) { return handle_.timestamp(entry); }
  Result<Timestamp> rightmost_timestamp() { return handle_.timestamp(rightmost_entry()); }

  // "Maximum Lifetime".
  Result<bool> is_expired(EntryIndex entry);

  // "Reasonable Monitoring Window". Asks for timestamps from the root down to the entry's parent,
  // stopping when an entry is found not to be distinguished. Requires: entry < size().
  Result<bool> is_distinguished(EntryIndex entry);

  // The rightmost distinguished entry, which is always on the frontier.
  Result<std::optional<EntryIndex>> rightmost_distinguished();

  // A search binary ladder at `entry`, preceded by its timestamp, without and with omission of
  // what `tracker` implies.
  Result<LadderOutcome> search_ladder(EntryIndex entry, Version target);
  Result<LadderOutcome> search_ladder(EntryIndex entry, Version target, LookupTracker& tracker);

  // Lookups of which every one must show inclusion, preceded by the entry's timestamp.
  // Errors: verification_failed when one does not.
  Result<void> expect_inclusion(EntryIndex entry, std::vector<Version> versions);

  // Looks one version up, preceded by the entry's timestamp.
  Result<bool> is_included(EntryIndex entry, Version version);

 private:
  Result<void> run(EntryIndex entry, LookupPlan& plan);

  TreeHandle& handle_;
  TreeSize size_;
  std::uint64_t reasonable_monitoring_window_;
  std::optional<std::uint64_t> maximum_lifetime_;
};

}  // namespace kt::keytrans
