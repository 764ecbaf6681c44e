#include "keytrans/proof_reader.h"

#include <string>
#include <vector>

#include "keytrans/ibst.h"

namespace kt::keytrans {
namespace {

tl::unexpected<Error> fail_at(EntryIndex entry, const char* reason) {
  return fail(Errc::verification_failed,
              "log entry " + std::to_string(entry.value()) + ": " + reason);
}

}  // namespace

std::optional<LogEntry> CandidateTree::entry(EntryIndex index) const {
  const auto found = entries_.find(index);
  if (found == entries_.end()) return std::nullopt;
  return found->second;
}

std::optional<TreeView> CandidateTree::view_at(TreeSize size) const {
  auto heads = values_.full_subtrees_at(size);
  if (!heads) return std::nullopt;
  TreeView view{size, *std::move(heads), {}};
  for (const EntryIndex index : frontier(size)) {
    const auto known = entry(index);
    if (!known) return std::nullopt;
    view.frontier_entries.push_back(*known);
  }
  return view;
}

ProofReader::ProofReader(const CombinedTreeProof& proof, const TreeView* retained,
                         const LabelVersions& versions)
    : proof_(proof), retained_(retained), versions_(versions) {
  if (retained_ == nullptr) return;
  KT_ASSERT(retained_->is_well_formed());
  const std::vector<EntryIndex> indices = frontier(retained_->size);
  for (std::size_t i = 0; i < indices.size(); ++i) {
    const LogEntry& entry = retained_->frontier_entries[i];
    known_.emplace(indices[i], Known{entry.timestamp, entry.prefix_tree, true});
  }
}

Result<Timestamp> ProofReader::timestamp(EntryIndex entry) {
  if (const auto found = known_.find(entry); found != known_.end()) return found->second.timestamp;
  if (next_timestamp_ == proof_.timestamps.size())
    return fail_at(entry, "the proof has no timestamp left for it");
  const Timestamp taken = proof_.timestamps[next_timestamp_++];
  known_.emplace(entry, Known{taken, std::nullopt, false});
  return taken;
}

Result<void> ProofReader::lookup(EntryIndex entry, LookupPlan& plan) {
  const auto known = known_.find(entry);
  KT_ASSERT(known != known_.end());
  if (prefix_proofs_consumed()) return fail_at(entry, "the proof has no prefix proof left for it");
  const PrefixProof& proof = proof_.prefix_proofs[next_prefix_proof_++];

  std::vector<PrefixLookup> lookups;
  while (const auto version = plan.next()) {
    if (lookups.size() == proof.results.size())
      return fail_at(entry, "its prefix proof has too few results");
    const auto expected = versions_.find(*version);
    if (expected == versions_.end())
      return fail_at(entry, "a version is looked up whose VRF output is not known");
    const bool included =
        proof.results[lookups.size()].result_type == PrefixSearchResultType::inclusion;
    if (included) included_.insert(*version);
    lookups.push_back(expected->second);
    plan.answer(included);
  }
  if (lookups.size() != proof.results.size())
    return fail_at(entry, "its prefix proof has too many results");

  auto root = evaluate_prefix_proof(lookups, proof);
  if (!root) return fail_in("log entry " + std::to_string(entry.value()), std::move(root).error());
  std::optional<HashValue>& prefix_tree = known->second.prefix_tree;
  if (prefix_tree && *prefix_tree != *root)
    return fail_at(entry, known->second.retained
                              ? "its prefix proof does not lead to the retained root"
                              : "its prefix proofs lead to different roots");
  prefix_tree = *root;
  return {};
}

std::optional<HashValue> ProofReader::prefix_root(EntryIndex entry) const {
  const auto found = known_.find(entry);
  if (found == known_.end()) return std::nullopt;
  return found->second.prefix_tree;
}

Result<void> ProofReader::take_prefix_roots() {
  std::size_t next = 0;
  for (auto& [index, known] : known_) {
    if (known.prefix_tree) continue;
    if (next == proof_.prefix_roots.size())
      return fail_at(index, "the proof has no prefix root left for it");
    known.prefix_tree = proof_.prefix_roots[next++];
  }
  if (next != proof_.prefix_roots.size())
    return fail(Errc::verification_failed, "the proof has too many prefix roots");
  return {};
}

Result<void> ProofReader::check_monotonic() const {
  Timestamp before{0};
  for (const auto& [index, known] : known_) {
    if (known.timestamp < before) return fail_at(index, "it is older than one to its left");
    before = known.timestamp;
  }
  return {};
}

Result<CandidateTree> ProofReader::finish(TreeSize size, std::optional<TreeSize> auditor) {
  if (next_timestamp_ != proof_.timestamps.size())
    return fail(Errc::verification_failed, "the proof has too many timestamps");
  if (!prefix_proofs_consumed())
    return fail(Errc::verification_failed, "the proof has too many prefix proofs");
  KT_TRY(take_prefix_roots());
  KT_TRY(check_monotonic());

  std::vector<LogLeaf> leaves;
  std::map<EntryIndex, LogEntry> entries;
  for (const auto& [index, known] : known_) {
    entries.emplace(index, LogEntry{known.timestamp, *known.prefix_tree});
    if (!known.retained)
      leaves.push_back({index, log_leaf_value(known.timestamp, *known.prefix_tree)});
  }
  std::optional<RetainedSubtrees> retained;
  if (retained_ != nullptr) retained = RetainedSubtrees{retained_->size, retained_->full_subtrees};
  KT_TRY(LogTreeValues values,
         evaluate_batch(size, leaves, retained, auditor, proof_.inclusion.elements));
  return CandidateTree(std::move(values), std::move(entries));
}

}  // namespace kt::keytrans
