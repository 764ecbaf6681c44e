// What every response's verification has in common: the tree head, the view, the clock.
//
// Internal. Source: draft, "Full Tree Head Verification", "Auditor Tree Head Signature".
#pragma once

#include <optional>

#include "keytrans/client_state.h"

namespace kt::keytrans {

// One response under verification. Use: begin(), the operation's algorithm on tree(), finish().
class ResponseVerifier {
 public:
  // Borrows everything it is given.
  ResponseVerifier(const ClientState& state, const FullTreeHead& head,
                   const CombinedTreeProof& proof, const LabelVersions& versions, Timestamp now);

  // Settles the size of the tree and updates the view. `advertised` is the request's `last`.
  Result<void> begin(std::optional<TreeSize> advertised);

  // Requires: begin() succeeded.
  [[nodiscard]] CombinedTree& tree() { return *tree_; }
  [[nodiscard]] ProofReader& reader() { return reader_; }

  // Completes the proof and verifies the tree heads and the clock against it.
  Result<void> finish();

  // Requires: finish() succeeded.
  [[nodiscard]] const CandidateTree& candidate() const { return *candidate_; }
  [[nodiscard]] Timestamp rightmost_timestamp() const {
    return candidate_->entry(rightmost(size_))->timestamp;
  }

  // The verified outcome, with the state's change: the view, and what the caller says of a label or
  // of distinguished entries. Requires: finish() succeeded.
  template <class Outcome>
  Verified<Outcome> verified(Outcome outcome) {
    return Verified<Outcome>(std::move(outcome), change<Outcome>());
  }
  template <class Outcome>
  Verified<Outcome> verified(Outcome outcome, Label label, std::optional<LabelState> label_state) {
    auto changed = change<Outcome>();
    changed.label = std::move(label);
    changed.label_state = std::move(label_state);
    return Verified<Outcome>(std::move(outcome), std::move(changed));
  }
  template <class Outcome>
  Verified<Outcome> verified(Outcome outcome, std::vector<KnownDistinguished> distinguished) {
    auto changed = change<Outcome>();
    changed.distinguished = std::move(distinguished);
    return Verified<Outcome>(std::move(outcome), std::move(changed));
  }

 private:
  Result<void> check_clock() const;
  Result<void> verify_auditor() const;

  template <class Outcome>
  typename Verified<Outcome>::Change change() const {
    const bool same = head_.head_type == FullTreeHeadType::same;
    typename Verified<Outcome>::Change changed;
    changed.revision = state_.revision_;
    changed.view = *candidate_->view_at(size_);
    changed.tree_head = same ? state_.tree_head_ : head_.tree_head;
    if (same) {
      changed.auditor_tree_head = state_.auditor_tree_head_;
    } else if (is_audited()) {
      changed.auditor_tree_head = head_.auditor_tree_head;
    }
    return changed;
  }
  [[nodiscard]] bool is_audited() const {
    return state_.configuration().mode() == DeploymentMode::thirdPartyAuditing;
  }
  [[nodiscard]] const TreeView* retained() const { return state_.view_ ? &*state_.view_ : nullptr; }

  const ClientState& state_;
  const FullTreeHead& head_;
  Timestamp now_;
  ProofReader reader_;
  TreeSize size_;
  std::optional<CombinedTree> tree_;
  std::optional<CandidateTree> candidate_;
};

// Verifies the VRF proof of each of `steps`, which are for `versions` in this order, and collects
// outputs and commitments. Errors: verification_failed for a proof that does not hold or a number
// of steps that is not that of versions.
Result<LabelVersions> verify_ladder(const LogConfiguration& configuration, const Label& label,
                                    const std::vector<Version>& versions,
                                    const std::vector<BinaryLadderStep>& steps);

// Steps 1 to 3 of verifying a SearchResponse or a Credential, whose target is the greatest version
// if `greatest`: the value, the ladder, and the commitment to the target, which is filled in.
struct TargetVersion {
  const Label& label;
  Version version;
  const Opening& opening;
  const UpdateValue& value;
  const std::vector<BinaryLadderStep>& binary_ladder;
  bool greatest;
};
Result<LabelVersions> verify_target(const LogConfiguration& configuration,
                                    const TargetVersion& target);

// A negative answer, which no response can prove, is one that fails verification.
template <class T>
Result<T> expect_positive(Result<T> result) {
  if (!result && (result.error().code == Errc::not_found || result.error().code == Errc::rejected))
    return fail(Errc::verification_failed, std::move(result).error().detail);
  return result;
}

}  // namespace kt::keytrans
