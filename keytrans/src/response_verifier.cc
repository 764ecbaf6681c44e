#include "response_verifier.h"

#include <string>

#include "keytrans/commitment.h"

namespace kt::keytrans {

ResponseVerifier::ResponseVerifier(const ClientState& state, const FullTreeHead& head,
                                   const CombinedTreeProof& proof, const LabelVersions& versions,
                                   Timestamp now)
    : state_(state), head_(head), now_(now), reader_(proof, retained(), versions) {}

Result<void> ResponseVerifier::begin(std::optional<TreeSize> advertised) {
  if (advertised != state_.last())
    return fail(Errc::conflict, "the request was not made from this state");
  if (head_.head_type == FullTreeHeadType::same) {
    if (!advertised) return fail(Errc::verification_failed, "FullTreeHead is the same as none");
    size_ = *advertised;
  } else {
    size_ = head_.tree_head.tree_size;
    if (size_ == TreeSize{0}) return fail(Errc::verification_failed, "TreeHead.tree_size is zero");
    if (advertised && size_ <= *advertised)
      return fail(Errc::verification_failed,
                  "TreeHead.tree_size is not greater than the advertised one");
    if (is_audited() && (head_.auditor_tree_head.tree_size > size_ ||
                         head_.auditor_tree_head.tree_size == TreeSize{0}))
      return fail(Errc::verification_failed,
                  "AuditorTreeHead.tree_size is not within the log's tree");
  }
  tree_.emplace(reader_, state_.configuration().wire(), size_);
  return update_view(*tree_, advertised);
}

Result<void> ResponseVerifier::finish() {
  const bool updated = head_.head_type == FullTreeHeadType::updated;
  std::optional<TreeSize> auditor;
  if (updated && is_audited()) auditor = head_.auditor_tree_head.tree_size;
  KT_TRY(candidate_, reader_.finish(size_, auditor));
  KT_TRY(check_clock());
  if (!updated) return {};  // every retained head was compared, so the root is the retained one
  KT_TRY(state_.configuration().verify_tree_head(head_.tree_head, candidate_->root()));
  if (auditor) {
    KT_TRY(verify_auditor());
  }
  return {};
}

Result<void> ResponseVerifier::check_clock() const {
  const Configuration& configuration = state_.configuration().wire();
  const Timestamp latest = rightmost_timestamp();
  if (elapsed_ms(now_, latest) > configuration.max_ahead)
    return fail(Errc::verification_failed, "the rightmost log entry is too far ahead of the clock");
  if (elapsed_ms(latest, now_) > configuration.max_behind)
    return fail(Errc::verification_failed, "the rightmost log entry is too far behind the clock");
  return {};
}

Result<void> ResponseVerifier::verify_auditor() const {
  const Configuration& configuration = state_.configuration().wire();
  const AuditorTreeHead& head = head_.auditor_tree_head;
  const auto& previous = state_.auditor_tree_head_;
  if (previous && previous->tree_size.value() < configuration.auditor_start_pos.value())  // step 1
    return fail(Errc::verification_failed,
                "the auditor started after what the previous auditor had seen");
  const Timestamp latest = rightmost_timestamp();  // step 2
  if (latest < head.timestamp)
    return fail(Errc::verification_failed,
                "AuditorTreeHead.timestamp is after the rightmost log entry's");
  if (elapsed_ms(head.timestamp, latest) > configuration.max_auditor_lag)
    return fail(Errc::verification_failed, "the auditor lags too far behind the log");
  const auto root = candidate_->root_at(head.tree_size);  // step 3 was done in begin()
  KT_ASSERT(root.has_value());
  return state_.configuration().verify_auditor_tree_head(head, *root);  // step 4
}

Result<LabelVersions> verify_ladder(const LogConfiguration& configuration, const Label& label,
                                    const std::vector<Version>& versions,
                                    const std::vector<BinaryLadderStep>& steps) {
  if (steps.size() != versions.size())
    return fail(Errc::verification_failed, "binary_ladder has not one step for each version");
  LabelVersions verified;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    auto output = configuration.vrf_key().verify(vrf_input(label, versions[i]), steps[i].proof);
    if (!output)
      return fail_in("binary_ladder step " + std::to_string(i), std::move(output).error());
    verified.emplace(versions[i], PrefixLookup{*output, steps[i].commitment});
  }
  return verified;
}

Result<LabelVersions> verify_target(const LogConfiguration& configuration,
                                    const TargetVersion& target) {
  KT_TRY(configuration.verify_update_value(target.label, target.version, target.value));
  const std::vector<Version> ladder = base_binary_ladder(target.version);
  if (target.binary_ladder.size() != ladder.size())
    return fail(Errc::verification_failed, "binary_ladder has not one step for each version");
  for (std::size_t i = 0; i < ladder.size(); ++i) {
    const bool given = target.binary_ladder[i].commitment.has_value();
    if (ladder[i] < target.version && !given)
      return fail(Errc::verification_failed, "binary_ladder lacks a commitment");
    const bool absent =
        ladder[i] == target.version || (target.greatest && ladder[i] > target.version);
    if (absent && given)
      return fail(Errc::verification_failed,
                  "binary_ladder has a commitment that must not be there");
  }
  KT_TRY(LabelVersions versions,
         verify_ladder(configuration, target.label, ladder, target.binary_ladder));
  KT_TRY(versions.at(target.version).commitment,
         commit({target.opening, target.label, target.version, target.value},
                configuration.context()));
  return versions;
}

}  // namespace kt::keytrans
