#include <algorithm>
#include <limits>
#include <set>
#include <string>

#include "keytrans/client_state.h"
#include "keytrans/commitment.h"
#include "label_state.h"
#include "response_verifier.h"

namespace kt::keytrans {
namespace {

// `versions` up to and including `target`: those a monitoring binary ladder for it needs.
LabelVersions up_to(const LabelVersions& versions, Version target) {
  return {versions.begin(), versions.upper_bound(target)};
}

}  // namespace

// --- Search ----------------------------------------------------------------------------------

Result<Verified<SearchOutcome>> ClientState::verify(const SearchRequest& request,
                                                    const SearchResponse& response,
                                                    Timestamp now) const {
  if (request.version.has_value() == response.version.has_value())
    return fail(Errc::malformed, "SearchResponse.version does not fit the request");
  const Version target = request.version ? *request.version : *response.version;
  LabelVersions versions;
  ResponseVerifier verifier(*this, response.full_tree_head, response.search, versions, now);
  KT_TRY(verifier.begin(request.last));
  KT_TRY(versions,
         verify_target(configuration_, {request.label, target, response.opening, response.value,
                                        response.binary_ladder, !request.version}));
  KT_TRY(const Terminal terminal,
         expect_positive(request.version ? search_fixed_version(verifier.tree(), target)
                                         : search_greatest_version(verifier.tree(), target)));
  KT_TRY(verifier.finish());

  LabelState changed;
  if (const LabelState* const before = label(request.label)) changed = *before;
  const bool was_idle = changed.monitor.empty() && !changed.owner;
  KT_TRY(learn_versions(changed, up_to(versions, target)));
  prove_versions(changed, verifier.reader().included());
  SearchOutcome outcome{target, response.value.value, terminal, false};
  outcome.must_monitor = terminal.beyond_distinguished &&
                         (configuration_.mode() == DeploymentMode::contactMonitoring ||
                          policy_ == ContactPolicy::always);
  if (!outcome.must_monitor) return verifier.verified(std::move(outcome));

  monitor_from(changed.monitor, {terminal.entry, target});
  changed.openings.insert_or_assign(target, response.opening);
  forget_unneeded_versions(changed);
  if (was_idle) changed.monitored_at = verifier.rightmost_timestamp();
  return verifier.verified(std::move(outcome), request.label, std::move(changed));
}

// --- Contact Monitor -------------------------------------------------------------------------

Result<Verified<ContactMonitorOutcome>> ClientState::verify(const ContactMonitorRequest& request,
                                                            const ContactMonitorResponse& response,
                                                            Timestamp now) const {
  const LabelState* const before = label(request.label);
  if (before == nullptr || before->monitor != request.entries)
    return fail(Errc::conflict, "the request was not made from this state");
  ResponseVerifier verifier(*this, response.full_tree_head, response.monitor, before->versions,
                            now);
  KT_TRY(verifier.begin(request.last));
  KT_TRY(const std::vector<MonitoredEntry> remaining,
         expect_positive(monitor_contact(verifier.tree(), request.entries, std::nullopt)));
  KT_TRY(verifier.finish());

  LabelState changed = *before;
  prove_versions(changed, verifier.reader().included());
  changed.monitor.clear();
  for (const MonitoredEntry& monitored : remaining) changed.monitor.push_back(monitored.entry);
  changed.monitored_at = verifier.rightmost_timestamp();
  forget_unneeded_versions(changed);
  std::optional<LabelState> kept;
  if (!changed.monitor.empty() || changed.owner) kept = std::move(changed);
  return verifier.verified(ContactMonitorOutcome{remaining.size()}, request.label, std::move(kept));
}

// --- Owner Initialization --------------------------------------------------------------------

namespace {

// The versions whose VRF proofs an OwnerInitResponse carries, ascending.
std::vector<Version> owner_init_ladder(const std::vector<Version>& greatest_versions) {
  std::set<Version> versions{Version{0}};
  for (const Version greatest : greatest_versions) {
    const std::vector<Version> ladder = base_binary_ladder(greatest);
    versions.insert(ladder.begin(), ladder.end());
  }
  return {versions.begin(), versions.end()};
}

// Step 2 of verifying an OwnerInitResponse, as far as it is about commitments.
Result<void> check_owner_init_commitments(const OwnerInitResponse& response,
                                          const LabelVersions& versions) {
  const auto& greatest = response.greatest_versions;
  for (const Version version : greatest) {
    if (!versions.at(version).commitment)
      return fail(Errc::verification_failed, "binary_ladder lacks a commitment");
  }
  for (const auto& [version, lookup] : versions) {
    const bool exists = !greatest.empty() && version <= greatest.front();
    if (lookup.commitment && !exists)
      return fail(Errc::verification_failed,
                  "binary_ladder has a commitment that must not be there");
  }
  return {};
}

}  // namespace

Result<Verified<OwnerInitOutcome>> ClientState::verify(const OwnerInitRequest& request,
                                                       const OwnerInitResponse& response,
                                                       Timestamp now) const {
  LabelVersions versions;
  ResponseVerifier verifier(*this, response.full_tree_head, response.init, versions, now);
  KT_TRY(verifier.begin(request.last));
  KT_TRY(const std::vector<EntryIndex> entries,
         expect_positive(owner_init_entries(verifier.tree(), request.start)));
  if (response.greatest_versions.size() > entries.size())
    return fail(Errc::verification_failed, "greatest_versions has too many elements");
  KT_TRY(versions,
         verify_ladder(configuration_, request.label, owner_init_ladder(response.greatest_versions),
                       response.binary_ladder));
  KT_TRY(check_owner_init_commitments(response, versions));
  KT_TRY(verify_owner_init(verifier.tree(), entries, response.greatest_versions));
  KT_TRY(verifier.finish());

  LabelState changed;
  if (const LabelState* const before = label(request.label)) changed = *before;
  KT_TRY(learn_versions(changed, versions));
  prove_versions(changed, verifier.reader().included());
  std::optional<Version> greatest;
  if (!response.greatest_versions.empty()) greatest = response.greatest_versions.front();
  changed.owner = OwnerState{request.start, greatest, {}};
  changed.monitored_at = verifier.rightmost_timestamp();
  forget_unneeded_versions(changed);
  return verifier.verified(OwnerInitOutcome{greatest}, request.label, std::move(changed));
}

// --- Owner Monitoring ------------------------------------------------------------------------

namespace {

// The owner's state once distinguished log entries through `verified` were inspected.
void advance_owner(OwnerState& owner, EntryIndex verified) {
  owner.greatest_at_start = owner.greatest_at(verified);
  owner.start = verified;
  std::erase_if(owner.updates, [verified](const OwnerState::Update& update) {
    return update.position <= verified;
  });
}

}  // namespace

Result<Verified<OwnerMonitorOutcome>> ClientState::verify(const OwnerMonitorRequest& request,
                                                          const OwnerMonitorResponse& response,
                                                          Timestamp now) const {
  const auto expected_request = owner_monitor_request(request.label);
  if (!expected_request || *expected_request != request)
    return fail(Errc::conflict, "the request was not made from this state");
  LabelState changed = *label(request.label);
  OwnerState& owner = *changed.owner;
  ResponseVerifier verifier(*this, response.full_tree_head, response.monitor, changed.versions,
                            now);
  KT_TRY(verifier.begin(request.last));
  KT_TRY(const std::vector<MonitoredEntry> remaining,
         expect_positive(monitor_contact(verifier.tree(), request.entries, owner.start)));
  const GreatestAt expected = [&owner](EntryIndex entry) -> Result<std::optional<Version>> {
    return owner.greatest_at(entry);
  };
  const auto stop = [&verifier](EntryIndex) -> Result<bool> {
    return verifier.reader().prefix_proofs_consumed();
  };
  KT_TRY(const EntryIndex verified,
         expect_positive(monitor_owner(verifier.tree(), owner.start, expected, stop)));
  KT_TRY(const auto rightmost_distinguished, verifier.tree().rightmost_distinguished());
  KT_TRY(verifier.finish());

  prove_versions(changed, verifier.reader().included());
  advance_owner(owner, verified);
  changed.monitor.clear();
  for (const MonitoredEntry& monitored : remaining) {
    // The distinguished entry that ends its path was inspected by the owner algorithm instead.
    if (monitored.left_to_owner && *monitored.left_to_owner <= verified) continue;
    changed.monitor.push_back(monitored.entry);
  }
  changed.monitored_at = verifier.rightmost_timestamp();
  forget_unneeded_versions(changed);
  const bool complete = !rightmost_distinguished || *rightmost_distinguished <= verified;
  return verifier.verified(OwnerMonitorOutcome{verified, complete}, request.label,
                           std::move(changed));
}

// --- Updating a Label ------------------------------------------------------------------------

namespace {

// The new versions that `response` is about, as far as they can be told before its proof.
struct DescribedUpdate {
  NewVersions versions;
  Version first;                          // version of values[0]
  const std::vector<LabelValue>* values;  // the response's, or the request's
};

Result<DescribedUpdate> describe_update(const OwnerState& owner, const UpdateRequest& request,
                                        const UpdateResponse& response) {
  const auto& values = response.values.empty() ? request.values : response.values;
  if (response.info.empty() || response.info.size() != values.size())  // step 2
    return fail(Errc::verification_failed, "UpdateResponse.info has not one element per value");

  const EntryIndex after = owner.updates.empty() ? owner.start : owner.updates.back().position;
  if (response.position <= after)  // step 1
    return fail(Errc::verification_failed,
                "UpdateResponse.position is not to the right of the previous version");

  const std::optional<Version> previous = owner.greatest();
  const std::uint64_t count = std::uint64_t{response.skipped_versions} + values.size();
  const std::uint64_t next = previous ? std::uint64_t{previous->value()} + 1 : 0;
  if (count > kMaxNewVersions || next + count - 1 > std::numeric_limits<std::uint32_t>::max())
    return fail(Errc::verification_failed, "UpdateResponse has too many new versions");
  NewVersions versions{response.position, previous, std::nullopt,
                       Version{static_cast<std::uint32_t>(next + count - 1)}};
  if (!owner.updates.empty()) versions.previous_position = owner.updates.back().position;
  return DescribedUpdate{
      versions, Version{static_cast<std::uint32_t>(next + response.skipped_versions)}, &values};
}

// Sets the commitment of a new version. Its VRF output comes with the response or, where the
// response leaves it out, is known from before: it is in the previous greatest version's ladder.
Result<void> set_commitment(LabelVersions& versions, const LabelVersions& known, Version version,
                            const HashValue& commitment) {
  auto found = versions.find(version);
  if (found == versions.end()) {
    const auto before = known.find(version);
    if (before == known.end())
      return fail(Errc::verification_failed, "a new version's VRF output is not known");
    found = versions.emplace(version, PrefixLookup{before->second.vrf_output, std::nullopt}).first;
  }
  found->second.commitment = commitment;
  return {};
}

// Steps 3 and 4: the signatures, the VRF proofs, and the commitments, which for new versions are
// computed here. `known` is what the owner knows of the label's versions.
Result<LabelVersions> verify_update_versions(const LogConfiguration& configuration,
                                             const Label& label, const LabelVersions& known,
                                             const DescribedUpdate& described,
                                             const UpdateResponse& response) {
  const NewVersions& update = described.versions;
  KT_TRY(LabelVersions versions,
         verify_ladder(configuration, label, update_ladder(update.previous, update.greatest),
                       response.binary_ladder));
  for (const auto& [version, lookup] : versions) {
    const bool existed = update.previous && version <= *update.previous;
    if (lookup.commitment.has_value() != existed)
      return fail(Errc::verification_failed,
                  existed ? "binary_ladder lacks a commitment"
                          : "binary_ladder has a commitment that must not be there");
  }
  const std::uint64_t first_new = update.greatest.value() + std::uint64_t{1} - update.count();
  for (std::uint64_t v = first_new; v < described.first.value(); ++v) {
    const Version version{static_cast<std::uint32_t>(v)};
    KT_TRY(set_commitment(versions, known, version, kSkippedCommitment));
  }
  for (std::size_t i = 0; i < described.values->size(); ++i) {
    const Version version{static_cast<std::uint32_t>(described.first.value() + i)};
    const UpdateValue value{(*described.values)[i].value, response.info[i].suffix};
    KT_TRY(configuration.verify_update_value(label, version, value));
    KT_TRY(const HashValue commitment,
           commit({response.info[i].opening, label, version, value}, configuration.context()));
    KT_TRY(set_commitment(versions, known, version, commitment));
  }
  return versions;
}

}  // namespace

Result<Verified<UpdateOutcome>> ClientState::verify(const UpdateRequest& request,
                                                    const UpdateResponse& response,
                                                    Timestamp now) const {
  const LabelState* const before = label(request.label);
  if (before == nullptr || !before->owner || before->owner->greatest() != request.greatest_version)
    return fail(Errc::conflict, "the request was not made from this state");
  KT_TRY(const DescribedUpdate described, describe_update(*before->owner, request, response));
  LabelState changed = *before;
  ResponseVerifier verifier(*this, response.full_tree_head, response.update, changed.versions, now);
  KT_TRY(verifier.begin(request.last));
  KT_TRY(
      const LabelVersions versions,
      verify_update_versions(configuration_, request.label, before->versions, described, response));
  KT_TRY(learn_versions(changed, versions));
  const GreatestAt greatest_at = [&before](EntryIndex entry) -> Result<std::optional<Version>> {
    return before->owner->greatest_at(entry);
  };
  KT_TRY(const bool distinguished,
         expect_positive(verify_new_versions(verifier.tree(), described.versions, greatest_at)));
  KT_TRY(verifier.finish());

  prove_versions(changed, verifier.reader().included());
  // The new versions' commitments were computed here, from what the owner takes for their values.
  // No claim may replace them, or the owner would monitor somebody else's value.
  const NewVersions& update = described.versions;
  std::erase_if(changed.claimed, [&update](Version version) {
    return (!update.previous || version > *update.previous) && version <= update.greatest;
  });
  changed.owner->updates.push_back({update.position, update.greatest});
  changed.openings.insert_or_assign(update.greatest, response.info.back().opening);
  if (!distinguished) monitor_from(changed.monitor, {update.position, update.greatest});
  forget_unneeded_versions(changed);
  UpdateOutcome outcome{
      update.position, response.skipped_versions, described.first, {}, response.values.empty()};
  for (const LabelValue& value : *described.values) outcome.values.push_back(value.value);
  return verifier.verified(std::move(outcome), request.label, std::move(changed));
}

// --- Walking Distinguished Heads -------------------------------------------------------------

Result<Verified<DistinguishedOutcome>> ClientState::verify(const DistinguishedRequest& request,
                                                           const DistinguishedResponse& response,
                                                           Timestamp now) const {
  if (request.stop != distinguished_request().stop)
    return fail(Errc::conflict, "the request was not made from this state");
  const LabelVersions no_versions;
  ResponseVerifier verifier(*this, response.full_tree_head, response.distinguished, no_versions,
                            now);
  KT_TRY(verifier.begin(request.last));
  KT_TRY(std::vector<EntryIndex> entries,
         walk_distinguished(verifier.tree(), recent_, request.stop));
  KT_TRY(verifier.finish());

  std::vector<KnownDistinguished> learned;
  for (const EntryIndex entry : entries) {
    auto view = verifier.candidate().view_at(size_through(entry));
    KT_ASSERT(view.has_value());
    learned.push_back({*std::move(view)});
  }
  return verifier.verified(DistinguishedOutcome{std::move(entries)}, std::move(learned));
}

}  // namespace kt::keytrans
