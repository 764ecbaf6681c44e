#include "keytrans/memory_log.h"

#include <algorithm>
#include <set>

#include "keytrans/commitment.h"
#include "keytrans/management.h"
#include "keytrans/prover.h"
#include "keytrans/random.h"

namespace kt::keytrans {
Result<LogKeys> LogKeys::generate(CipherSuite suite, DeploymentMode mode) {
  KT_TRY(auto signature, SigningKey::generate(suite));
  KT_TRY(auto vrf, VrfPrivateKey::generate(suite));
  LogKeys keys{std::move(signature), std::move(vrf), std::nullopt, std::nullopt};
  if (mode == DeploymentMode::thirdPartyManagement) {
    KT_TRY(keys.leaf, SigningKey::generate(suite));
  } else if (mode == DeploymentMode::thirdPartyAuditing) {
    KT_TRY(keys.auditor, SigningKey::generate(suite));
  }
  return keys;
}

Configuration with_public_keys(Configuration configuration, const LogKeys& keys) {
  configuration.signature_public_key = keys.signature.public_key();
  configuration.vrf_public_key = keys.vrf.public_key();
  if (keys.leaf) configuration.leaf_public_key = keys.leaf->public_key();
  if (keys.auditor) configuration.auditor_public_key = keys.auditor->public_key();
  return configuration;
}

Result<MemoryLog> MemoryLog::create(Configuration configuration, LogKeys keys) {
  KT_TRY(auto checked, LogConfiguration::create(with_public_keys(std::move(configuration), keys)));
  return MemoryLog(std::move(checked), std::move(keys));
}

std::uint64_t MemoryLog::version_count(const Label& label) const {
  const auto found = labels_.find(label);
  return found == labels_.end() ? 0 : found->second.size();
}

Result<MemoryLog::Pending> MemoryLog::prepare(const Change& change,
                                              std::vector<PrefixLeaf>& added) const {
  const EntryIndex position{tree_.size().value()};
  Pending pending{change.label, {}};
  std::uint64_t next = version_count(change.label);
  for (std::uint32_t i = 0; i < change.skipped; ++i)
    pending.versions.push_back({position, kSkippedCommitment, std::nullopt});
  for (const UpdateValue& update : change.values) {
    const Version version{static_cast<std::uint32_t>(next + pending.versions.size())};
    KT_TRY(const Opening opening, random_bytes<kOpeningSize>());
    KT_TRY(const HashValue commitment,
           commit({opening, change.label, version, update}, configuration_.context()));
    pending.versions.push_back({position, commitment, CommittedValue{opening, update}});
  }
  for (const StoredVersion& stored : pending.versions) {
    KT_TRY(const VrfOutputAndProof key,
           vrf(change.label, Version{static_cast<std::uint32_t>(next++)}));
    added.push_back({key.output, stored.commitment});
  }
  return pending;
}

Result<void> MemoryLog::append(Timestamp timestamp, const std::vector<Change>& changes,
                               std::size_t padding) {
  if (!entries_.empty() && timestamp < entries_.back().timestamp)
    return fail(Errc::rejected, "the timestamp is before the rightmost log entry's");
  std::vector<PrefixLeaf> added;
  std::vector<Pending> pending;
  std::set<Label> seen;
  for (const Change& change : changes) {
    if (!seen.insert(change.label).second)
      return fail(Errc::rejected, "a label is in the batch twice");
    KT_TRY(Pending prepared, prepare(change, added));
    pending.push_back(std::move(prepared));
  }
  const bool audited = configuration_.mode() == DeploymentMode::thirdPartyAuditing;
  if (audited && added.empty()) padding = std::max<std::size_t>(padding, 1);
  for (std::size_t i = 0; i < padding; ++i) {
    KT_TRY(const PrefixLeaf leaf, padding_leaf());
    added.push_back(leaf);
  }

  const PrefixChild previous = prefix_roots_.empty() ? PrefixChild{} : prefix_roots_.back();
  std::optional<AuditorUpdate> auditor_update;
  if (audited) {
    KT_TRY(auditor_update, prove_auditor_update(prefix_nodes_, previous, timestamp, added, {}));
  }
  KT_TRY(const PrefixChild root, prefix_update(prefix_nodes_, previous, added, {}));

  entries_.push_back({timestamp, root.hash});
  prefix_roots_.push_back(root);
  tree_.append(log_leaf_value(timestamp, root.hash));
  if (auditor_update) auditor_updates_.push_back(*std::move(auditor_update));
  for (Pending& change : pending) {
    auto& versions = labels_[change.label];
    versions.insert(versions.end(), std::make_move_iterator(change.versions.begin()),
                    std::make_move_iterator(change.versions.end()));
  }
  KT_TRY(tree_head_, sign_head_at(tree_.size()));
  return {};
}

Result<UpdateValue> MemoryLog::make_value(const Label& label, Version version, Bytes value) const {
  if (configuration_.mode() != DeploymentMode::thirdPartyManagement)
    return UpdateValue{std::move(value), {}};
  return sign_update_value(*keys_.leaf, configuration_.wire(), label, version, std::move(value));
}

Result<UpdateResponse> MemoryLog::update(const UpdateRequest& request, Timestamp timestamp) {
  const std::uint64_t known =
      request.greatest_version ? std::uint64_t{request.greatest_version->value()} + 1 : 0;
  const std::uint64_t count = version_count(request.label);
  if (known < count) return prove_update(*this, request, false);
  if (known > count || request.values.empty())
    return fail(Errc::conflict, "no version of the label follows the advertised one");

  const Version last{static_cast<std::uint32_t>(count + request.values.size() - 1)};
  if (!fits_update_response(request.greatest_version, last))
    return fail(Errc::rejected, "the request makes more versions than one log entry can hold");
  Change change{request.label, 0, {}};
  for (std::size_t i = 0; i < request.values.size(); ++i) {
    const Version version{static_cast<std::uint32_t>(count + i)};
    KT_TRY(UpdateValue value, make_value(request.label, version, request.values[i].value));
    change.values.push_back(std::move(value));
  }
  KT_TRY(append(timestamp, {change}));
  return prove_update(*this, request, true);
}

Result<UpdateResponse> MemoryLog::update(const ManagerUpdateRequest& request, Timestamp timestamp) {
  KT_ASSERT(configuration_.mode() == DeploymentMode::thirdPartyManagement);
  const UpdateRequest inner{request.last, request.label, request.greatest_version, {}};
  const std::uint64_t known =
      request.greatest_version ? std::uint64_t{request.greatest_version->value()} + 1 : 0;
  const std::uint64_t count = version_count(request.label);
  if (known < count) return prove_update(*this, inner, false);
  if (known > count || request.values.empty())
    return fail(Errc::conflict, "no version of the label follows the advertised one");

  KT_TRY(const std::uint32_t skipped,
         check_manager_update(configuration_, request, request.greatest_version));
  KT_TRY(append(timestamp, {Change{request.label, skipped, request.values}}));
  return prove_update(*this, inner, true);
}

Result<AuditorUpdate> MemoryLog::auditor_update(EntryIndex entry) const {
  if (entry.value() >= auditor_updates_.size())
    return fail(Errc::not_found, "there is no such log entry");
  return auditor_updates_[entry.value()];
}

Result<TreeHead> MemoryLog::sign_head_at(TreeSize size) const {
  if (size == TreeSize{0} || size > tree_.size())
    return fail(Errc::rejected, "the log has no tree of that size");
  std::vector<HashValue> heads;
  for (const Subtree& subtree : full_subtrees(size)) {
    KT_TRY(const HashValue head, tree_.node(subtree));
    heads.push_back(head);
  }
  return sign_tree_head(keys_.signature, configuration_.wire(), size, log_root(size, heads));
}

Result<TreeHead> MemoryLog::tree_head() const {
  if (!tree_head_) return fail(Errc::unavailable, "the log is empty");
  return *tree_head_;
}

Result<AuditorTreeHead> MemoryLog::auditor_tree_head() const {
  if (!auditor_tree_head_) return fail(Errc::unavailable, "the auditor has not signed yet");
  return *auditor_tree_head_;
}

Result<LogEntry> MemoryLog::entry(EntryIndex index) const {
  if (index.value() >= entries_.size()) return fail(Errc::not_found, "there is no such log entry");
  return entries_[index.value()];
}

Result<PrefixChild> MemoryLog::prefix_tree(EntryIndex index) const {
  if (index.value() >= prefix_roots_.size())
    return fail(Errc::not_found, "there is no such log entry");
  return prefix_roots_[index.value()];
}

Result<std::optional<Version>> MemoryLog::greatest_version(const Label& label,
                                                           EntryIndex at) const {
  const auto found = labels_.find(label);
  if (found == labels_.end()) return std::optional<Version>();
  const auto& versions = found->second;
  const auto after =
      std::upper_bound(versions.begin(), versions.end(), at,
                       [](EntryIndex entry, const StoredVersion& v) { return entry < v.position; });
  if (after == versions.begin()) return std::optional<Version>();
  return std::optional<Version>(Version{static_cast<std::uint32_t>(after - versions.begin() - 1)});
}

Result<const MemoryLog::StoredVersion*> MemoryLog::stored(const Label& label,
                                                          Version version) const {
  const auto found = labels_.find(label);
  if (found == labels_.end() || version.value() >= found->second.size())
    return fail(Errc::not_found, "there is no such version of the label");
  return &found->second[version.value()];
}

Result<EntryIndex> MemoryLog::position(const Label& label, Version version) const {
  KT_TRY(const StoredVersion* const found, stored(label, version));
  return found->position;
}

Result<VrfOutputAndProof> MemoryLog::vrf(const Label& label, Version version) const {
  auto& outputs = vrf_outputs_[label];
  if (const auto found = outputs.find(version); found != outputs.end()) return found->second;
  KT_TRY(VrfOutputAndProof output, keys_.vrf.prove(vrf_input(label, version)));
  return outputs.emplace(version, std::move(output)).first->second;
}

Result<HashValue> MemoryLog::commitment(const Label& label, Version version) const {
  KT_TRY(const StoredVersion* const found, stored(label, version));
  return found->commitment;
}

Result<CommittedValue> MemoryLog::value(const Label& label, Version version) const {
  KT_TRY(const StoredVersion* const found, stored(label, version));
  if (!found->value) return fail(Errc::not_found, "the version was skipped");
  return *found->value;
}

}  // namespace kt::keytrans
