// The prover's handle: answers from a LogSource and writes down what it gave.
//
// Source: draft, "Combined Tree" (Tree Proofs). The counterpart of ProofReader.
//
// Lifetime: borrows the source and the label. Thread rule: one thread at a time.
#pragma once

#include <map>
#include <optional>

#include "keytrans/combined_tree.h"
#include "keytrans/log_source.h"

namespace kt::keytrans {

class ProofRecorder final : public TreeHandle {
 public:
  // `retained` is the tree size the user advertised: what it retains is not given again. `label` is
  // the one whose versions are looked up, or null when the operation looks none up.
  ProofRecorder(const LogSource& source, const Label* label, std::optional<TreeSize> retained);

  Result<Timestamp> timestamp(EntryIndex entry) override;

  // Errors: corrupt when the prefix tree contradicts the log's record of the label.
  Result<void> lookup(EntryIndex entry, LookupPlan& plan) override;

  // How many prefix proofs were given so far.
  [[nodiscard]] std::size_t prefix_proofs() const { return proof_.prefix_proofs.size(); }

  // The proof, for a tree of `size` entries and, if the auditor's tree head goes with it, its size.
  // Errors: rejected when the proof exceeds the bounds of CombinedTreeProof.
  Result<CombinedTreeProof> finish(TreeSize size, std::optional<TreeSize> auditor);

 private:
  struct Known {
    LogEntry entry;
    bool given = false;         // its timestamp is in the proof
    bool prefix_known = false;  // its prefix root is retained or follows from a prefix proof
  };

  Result<HashValue> search_key(Version version);

  const LogSource& source_;
  const Label* label_;
  std::optional<TreeSize> retained_;
  std::map<EntryIndex, Known> known_;
  std::map<Version, HashValue> search_keys_;
  CombinedTreeProof proof_;
};

}  // namespace kt::keytrans
