#include "keytrans/prover.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "keytrans/commitment.h"
#include "keytrans/ibst.h"
#include "keytrans/proof_recorder.h"

namespace kt::keytrans {
namespace {

// One operation's proof under construction: the head it is for, and the view already updated.
class Operation {
 public:
  static Result<Operation> begin(const LogSource& source, const Label* label,
                                 std::optional<TreeSize> last) {
    KT_TRY(TreeHead head, source.tree_head());
    if (last && *last > head.tree_size)
      return fail(Errc::conflict, "the advertised tree is larger than the log's");
    if (last && *last == TreeSize{0})
      return fail(Errc::malformed, "the advertised tree size is zero");
    FullTreeHead full_head;
    const bool same = last == head.tree_size;
    const TreeSize size = head.tree_size;
    std::optional<TreeSize> auditor;
    if (!same) {
      full_head.head_type = FullTreeHeadType::updated;
      full_head.tree_head = std::move(head);
      if (source.configuration().mode() == DeploymentMode::thirdPartyAuditing) {
        KT_TRY(full_head.auditor_tree_head, source.auditor_tree_head());
        auditor = full_head.auditor_tree_head.tree_size;
      }
    }
    return Operation(source, label, last, std::move(full_head), size, auditor);
  }

  // The tree, its view updated. Called first, and once.
  Result<CombinedTree*> update() {
    KT_TRY(update_view(tree_, last_));
    return &tree_;
  }
  [[nodiscard]] CombinedTree& tree() { return tree_; }
  [[nodiscard]] const ProofRecorder& recorder() const { return *recorder_; }

  // The head, to be moved into the response.
  [[nodiscard]] FullTreeHead take_head() { return std::move(head_); }
  Result<CombinedTreeProof> finish() { return recorder_->finish(tree_.size(), auditor_); }

 private:
  Operation(const LogSource& source, const Label* label, std::optional<TreeSize> last,
            FullTreeHead head, TreeSize size, std::optional<TreeSize> auditor)
      : last_(last),
        head_(std::move(head)),
        auditor_(auditor),
        recorder_(std::make_unique<ProofRecorder>(source, label, last)),
        tree_(*recorder_, source.configuration().wire(), size) {}

  std::optional<TreeSize> last_;
  FullTreeHead head_;
  std::optional<TreeSize> auditor_;
  std::unique_ptr<ProofRecorder> recorder_;
  CombinedTree tree_;
};

// An algorithm that finds the log contradicting itself found it in our own data.
template <class T>
Result<T> ours(Result<T> result) {
  if (!result && result.error().code == Errc::verification_failed)
    return fail(Errc::corrupt, result.error().detail);
  return result;
}

// The greatest version of `label` in the current tree. Errors: not_found for an unknown label.
Result<Version> current_version(const LogSource& source, const Label& label, TreeSize size) {
  KT_TRY(const auto greatest, source.greatest_version(label, rightmost(size)));
  if (!greatest) return fail(Errc::not_found, "the label is not in the log");
  return *greatest;
}

// One BinaryLadderStep for each of `versions`. `commit_to` says whether a version's commitment
// belongs into its step.
template <class Predicate>
Result<std::vector<BinaryLadderStep>> ladder_steps(const LogSource& source, const Label& label,
                                                   const std::vector<Version>& versions,
                                                   Predicate commit_to) {
  std::vector<BinaryLadderStep> steps;
  steps.reserve(versions.size());
  for (const Version version : versions) {
    KT_TRY(VrfOutputAndProof vrf, source.vrf(label, version));
    BinaryLadderStep step{std::move(vrf.proof), std::nullopt};
    if (commit_to(version)) {
      KT_TRY(step.commitment, source.commitment(label, version));
    }
    steps.push_back(std::move(step));
  }
  return steps;
}

// "Contact Monitor": every position lies on the direct path of the first log entry that contains
// the version, or is that entry.
Result<void> check_entries(const LogSource& source, const Label& label, TreeSize size,
                           const std::vector<MonitorMapEntry>& entries) {
  KT_TRY(const auto greatest, source.greatest_version(label, rightmost(size)));
  for (const MonitorMapEntry& entry : entries) {
    if (entry.position > rightmost(size))
      return fail(Errc::rejected, "a monitored position is beyond the tree");
    if (!greatest || entry.version > *greatest)
      return fail(Errc::rejected, "a monitored version does not exist");
    KT_TRY(const EntryIndex first, source.position(label, entry.version));
    const std::vector<EntryIndex> path = direct_path(first, size);
    if (entry.position < first ||
        (entry.position != first &&
         std::find(path.begin(), path.end(), entry.position) == path.end()))
      return fail(
          Errc::rejected,
          "a monitored position is not on the direct path of its version's first log entry");
  }
  return {};
}

GreatestAt greatest_at(const LogSource& source, const Label& label) {
  return [&source, &label](EntryIndex entry) { return source.greatest_version(label, entry); };
}

Result<void> check_owner_monitor(const LogSource& source, const OwnerMonitorRequest& request,
                                 TreeSize size) {
  KT_TRY(check_entries(source, request.label, size, request.entries));
  if (request.start > rightmost(size))
    return fail(Errc::rejected, "the starting position is beyond the tree");
  KT_TRY(const auto greatest, source.greatest_version(request.label, rightmost(size)));
  if (request.greatest_version && (!greatest || *request.greatest_version > *greatest))
    return fail(Errc::rejected, "the advertised greatest version does not exist");
  KT_TRY(const auto at_start, source.greatest_version(request.label, request.start));
  if (at_start && (!request.greatest_version || *request.greatest_version < *at_start))
    return fail(Errc::rejected, "the advertised greatest version is less than that at the start");
  return {};
}

}  // namespace

Result<SearchResponse> prove_search(const LogSource& source, const SearchRequest& request) {
  KT_TRY(Operation operation, Operation::begin(source, &request.label, request.last));
  KT_TRY(const Version greatest, current_version(source, request.label, operation.tree().size()));
  const Version target = request.version.value_or(greatest);
  if (target > greatest)
    return fail(Errc::not_found, "the requested version of the label does not exist");

  KT_TRY(CombinedTree* const tree, operation.update());
  KT_TRY(ours(request.version ? search_fixed_version(*tree, target)
                              : search_greatest_version(*tree, target)));
  SearchResponse response;
  if (!request.version) response.version = greatest;
  KT_TRY(CommittedValue committed, source.value(request.label, target));
  response.opening = committed.opening;
  response.value = std::move(committed.update);
  KT_TRY(response.binary_ladder,
         ladder_steps(source, request.label, base_binary_ladder(target),
                      [&](Version version) { return version <= greatest && version != target; }));
  KT_TRY(response.search, operation.finish());
  response.full_tree_head = operation.take_head();
  return response;
}

Result<ContactMonitorResponse> prove_contact_monitor(const LogSource& source,
                                                     const ContactMonitorRequest& request) {
  KT_TRY(Operation operation, Operation::begin(source, &request.label, request.last));
  KT_TRY(check_entries(source, request.label, operation.tree().size(), request.entries));
  KT_TRY(CombinedTree* const tree, operation.update());
  KT_TRY(ours(monitor_contact(*tree, request.entries, std::nullopt)));
  ContactMonitorResponse response;
  KT_TRY(response.monitor, operation.finish());
  response.full_tree_head = operation.take_head();
  return response;
}

Result<OwnerInitResponse> prove_owner_init(const LogSource& source,
                                           const OwnerInitRequest& request) {
  KT_TRY(Operation operation, Operation::begin(source, &request.label, request.last));
  KT_TRY(CombinedTree* const tree, operation.update());
  KT_TRY(const std::vector<EntryIndex> entries, ours(owner_init_entries(*tree, request.start)));

  OwnerInitResponse response;
  std::set<Version> versions{Version{0}};
  for (const EntryIndex entry : entries) {
    KT_TRY(const auto greatest, source.greatest_version(request.label, entry));
    if (!greatest) break;
    response.greatest_versions.push_back(*greatest);
    const std::vector<Version> ladder = base_binary_ladder(*greatest);
    versions.insert(ladder.begin(), ladder.end());
  }
  KT_TRY(ours(verify_owner_init(*tree, entries, response.greatest_versions)));
  const auto& greatest_versions = response.greatest_versions;
  KT_TRY(response.binary_ladder,
         ladder_steps(source, request.label, {versions.begin(), versions.end()},
                      [&greatest_versions](Version version) {
                        return !greatest_versions.empty() && version <= greatest_versions.front();
                      }));
  KT_TRY(response.init, operation.finish());
  response.full_tree_head = operation.take_head();
  return response;
}

Result<OwnerMonitorResponse> prove_owner_monitor(const LogSource& source,
                                                 const OwnerMonitorRequest& request,
                                                 std::size_t limit) {
  KT_TRY(Operation operation, Operation::begin(source, &request.label, request.last));
  KT_TRY(check_owner_monitor(source, request, operation.tree().size()));
  KT_TRY(CombinedTree* const tree, operation.update());
  KT_TRY(ours(monitor_contact(*tree, request.entries, request.start)));

  const std::size_t already_given = operation.recorder().prefix_proofs();
  const GreatestAt greatest = greatest_at(source, request.label);
  const auto stop = [&](EntryIndex entry) -> Result<bool> {
    if (operation.recorder().prefix_proofs() - already_given >= limit) return true;
    KT_TRY(const auto here, greatest(entry));
    return here && (!request.greatest_version || *here > *request.greatest_version);
  };
  KT_TRY(ours(monitor_owner(*tree, request.start, greatest, stop)));
  OwnerMonitorResponse response;
  KT_TRY(response.monitor, operation.finish());
  response.full_tree_head = operation.take_head();
  return response;
}

namespace {

// The new versions that a response to `request` is about.
Result<NewVersions> next_versions(const LogSource& source, const UpdateRequest& request,
                                  TreeSize size) {
  KT_TRY(const auto greatest, source.greatest_version(request.label, rightmost(size)));
  if (!greatest || (request.greatest_version && *request.greatest_version >= *greatest))
    return fail(Errc::conflict, "no version of the label follows the advertised one");
  const Version next{request.greatest_version ? request.greatest_version->value() + 1 : 0};
  NewVersions update{{}, request.greatest_version, std::nullopt, next};
  KT_TRY(update.position, source.position(request.label, next));
  KT_TRY(const auto greatest_there, source.greatest_version(request.label, update.position));
  if (!greatest_there || *greatest_there < next || update.position > rightmost(size))
    return fail(Errc::corrupt, "the log's record of a label contradicts itself");
  update.greatest = *greatest_there;
  if (update.previous) {
    KT_TRY(update.previous_position, source.position(request.label, *update.previous));
  }
  if (!fits_update_response(update.previous, update.greatest))
    return fail(Errc::rejected, "a log entry holds more new versions than a response can");
  return update;
}

// Fills in what `response` says of each new version that was not skipped.
Result<void> describe_versions(const LogSource& source, const Label& label,
                               const NewVersions& update, bool created, UpdateResponse& response) {
  const std::uint64_t first = update.greatest.value() + std::uint64_t{1} - update.count();
  for (std::uint64_t v = first; v <= update.greatest.value(); ++v) {
    const Version version{static_cast<std::uint32_t>(v)};
    KT_TRY(const HashValue commitment, source.commitment(label, version));
    if (commitment == kSkippedCommitment) {
      ++response.skipped_versions;
      continue;
    }
    KT_TRY(CommittedValue committed, source.value(label, version));
    response.info.push_back({committed.opening, std::move(committed.update.suffix)});
    if (!created) response.values.push_back({std::move(committed.update.value)});
  }
  return {};
}

}  // namespace

Result<UpdateResponse> prove_update(const LogSource& source, const UpdateRequest& request,
                                    bool created) {
  KT_TRY(Operation operation, Operation::begin(source, &request.label, request.last));
  KT_TRY(const NewVersions update, next_versions(source, request, operation.tree().size()));
  KT_TRY(CombinedTree* const tree, operation.update());
  KT_TRY(ours(verify_new_versions(*tree, update, greatest_at(source, request.label))));

  UpdateResponse response;
  response.position = update.position;
  KT_TRY(describe_versions(source, request.label, update, created, response));
  KT_TRY(response.binary_ladder,
         ladder_steps(source, request.label, update_ladder(update.previous, update.greatest),
                      [&update](Version version) {
                        return update.previous && version <= *update.previous;
                      }));
  KT_TRY(response.update, operation.finish());
  response.full_tree_head = operation.take_head();
  return response;
}

Result<DistinguishedResponse> prove_distinguished(const LogSource& source,
                                                  const DistinguishedRequest& request,
                                                  const RecentPolicy& recent) {
  KT_TRY(Operation operation, Operation::begin(source, nullptr, request.last));
  KT_TRY(CombinedTree* const tree, operation.update());
  KT_TRY(ours(walk_distinguished(*tree, recent, request.stop)));
  DistinguishedResponse response;
  KT_TRY(response.distinguished, operation.finish());
  response.full_tree_head = operation.take_head();
  return response;
}

}  // namespace kt::keytrans
