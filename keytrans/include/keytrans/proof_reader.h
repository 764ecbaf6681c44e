// The verifier's handle: a CombinedTreeProof read as queues.
//
// Source: draft, "Combined Tree" (Tree Proofs), "Detecting Forks".
//
// Use: run update_view() and the operation's algorithm on a CombinedTree over the
// reader, then call finish(). Nothing learned before finish() has succeeded, and its
// root was checked against a signed tree head, may be believed.
//
// Lifetime: borrows the proof, the retained view and the versions.
// Thread rule: one thread at a time.
#pragma once

#include <map>
#include <optional>
#include <set>

#include "keytrans/combined_tree.h"
#include "keytrans/log_tree.h"
#include "keytrans/prefix_proof.h"
#include "keytrans/tree_view.h"

namespace kt::keytrans {

// What is known of a label's versions: the search key of each and, of those that exist, the
// commitment.
using LabelVersions = std::map<Version, PrefixLookup>;

// The tree a proof describes, once all of it was consumed. A candidate: true of the log only when
// root() is what the log signed.
class CandidateTree {
 public:
  [[nodiscard]] TreeSize size() const { return values_.size(); }
  [[nodiscard]] HashValue root() const { return values_.root(); }

  // The root of the log's first `size` entries, where the proof determines it.
  [[nodiscard]] std::optional<HashValue> root_at(TreeSize size) const {
    return values_.root_at(size);
  }

  // The log entry at `index`, where the proof shows all of it.
  [[nodiscard]] std::optional<LogEntry> entry(EntryIndex index) const;

  // What a user would retain of the tree of the first `size` entries, where the proof shows it.
  // Always known for size() itself.
  [[nodiscard]] std::optional<TreeView> view_at(TreeSize size) const;

  // The nodes of the log tree that the proof makes known.
  [[nodiscard]] const LogTreeValues& values() const { return values_; }

 private:
  friend class ProofReader;
  CandidateTree(LogTreeValues values, std::map<EntryIndex, LogEntry> entries)
      : values_(std::move(values)), entries_(std::move(entries)) {}

  LogTreeValues values_;
  std::map<EntryIndex, LogEntry> entries_;
};

class ProofReader final : public TreeHandle {
 public:
  // `retained` is the view of the tree whose size was advertised, or null. `versions` are the
  // label's, empty when the operation looks none up.
  ProofReader(const CombinedTreeProof& proof, const TreeView* retained,
              const LabelVersions& versions);

  Result<Timestamp> timestamp(EntryIndex entry) override;
  Result<void> lookup(EntryIndex entry, LookupPlan& plan) override;

  // Whether every element of prefix_proofs was consumed: the owner algorithm's stop condition.
  [[nodiscard]] bool prefix_proofs_consumed() const {
    return next_prefix_proof_ == proof_.prefix_proofs.size();
  }

  // The versions that a lookup showed to be included so far.
  [[nodiscard]] const std::set<Version>& included() const { return included_; }

  // The prefix tree root that lookups at `entry` produced, if any.
  [[nodiscard]] std::optional<HashValue> prefix_root(EntryIndex entry) const;

  // The candidate tree of `size` entries. `auditor` is the size of the auditor's tree head, if one
  // came with the proof.
  // Errors: verification_failed unless exactly the expected elements are there, timestamps never
  // decrease, and what was retained agrees.
  Result<CandidateTree> finish(TreeSize size, std::optional<TreeSize> auditor);

 private:
  struct Known {
    Timestamp timestamp;
    std::optional<HashValue> prefix_tree;
    bool retained = false;
  };

  Result<void> take_prefix_roots();
  Result<void> check_monotonic() const;

  const CombinedTreeProof& proof_;
  const TreeView* retained_;
  const LabelVersions& versions_;
  std::map<EntryIndex, Known> known_;
  std::set<Version> included_;
  std::size_t next_timestamp_ = 0;
  std::size_t next_prefix_proof_ = 0;
};

}  // namespace kt::keytrans
