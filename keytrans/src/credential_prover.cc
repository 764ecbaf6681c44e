#include <algorithm>

#include "keytrans/ibst.h"
#include "keytrans/proof_recorder.h"
#include "keytrans/prover.h"

namespace kt::keytrans {
namespace {

// The credential's parts that a SearchResponse for the greatest version would have too.
Result<Credential> describe_version(const LogSource& source, const Label& label, Version version) {
  Credential credential;
  credential.label = label;
  credential.version = version;
  KT_TRY(CommittedValue committed, source.value(label, version));
  credential.opening = committed.opening;
  credential.value = std::move(committed.update);
  for (const Version step : base_binary_ladder(version)) {
    KT_TRY(VrfOutputAndProof vrf, source.vrf(label, step));
    std::optional<HashValue> commitment;
    if (step < version) {
      KT_TRY(commitment, source.commitment(label, step));
    }
    credential.binary_ladder.push_back({std::move(vrf.proof), commitment});
  }
  return credential;
}

}  // namespace

Result<std::optional<EntryIndex>> first_distinguished_after(CombinedTree& tree, EntryIndex entry) {
  std::optional<EntryIndex> first;
  std::optional<EntryIndex> current = ibst_root(tree.size());
  while (current) {
    KT_TRY(const bool distinguished, tree.is_distinguished(*current));
    if (!distinguished) break;
    if (*current > entry) first = current;
    current = *current > entry ? ibst_left(*current) : ibst_right(*current, tree.size());
  }
  return first;
}

Result<Credential> prove_credential(const LogSource& source, const Label& label,
                                    EntryIndex position) {
  KT_TRY(TreeHead head, source.tree_head());
  if (position > rightmost(head.tree_size))
    return fail(Errc::rejected, "the position is beyond the tree");
  KT_TRY(const auto greatest, source.greatest_version(label, rightmost(head.tree_size)));
  if (!greatest) return fail(Errc::not_found, "the label is not in the log");
  {
    ProofRecorder scratch(source, nullptr, std::nullopt);
    CombinedTree tree(scratch, source.configuration().wire(), head.tree_size);
    KT_TRY(const bool distinguished, tree.is_distinguished(position));
    KT_TRY(const bool expired, tree.is_expired(position));
    if (!distinguished || expired)
      return fail(Errc::rejected, "the position is not an unexpired distinguished log entry");
  }

  KT_TRY(Credential credential, describe_version(source, label, *greatest));
  credential.position = position;
  KT_TRY(const auto at_position, source.greatest_version(label, position));
  if (at_position == greatest) {
    credential.credential_type = CredentialType::standard;
    std::vector<HashValue> keys;
    for (const Version version : base_binary_ladder(*greatest)) {
      KT_TRY(const VrfOutputAndProof vrf, source.vrf(label, version));
      keys.push_back(vrf.output);
    }
    KT_TRY(const PrefixChild root, source.prefix_tree(position));
    KT_TRY(PrefixSearchAnswer answer, prefix_search(source.prefix_nodes(), root, keys));
    credential.distinguished = std::move(answer.proof);
    return credential;
  }

  credential.credential_type = CredentialType::provisional;
  const TreeSize known = size_through(position);
  ProofRecorder recorder(source, &label, known);
  CombinedTree tree(recorder, source.configuration().wire(), head.tree_size);
  KT_TRY(update_view(tree, known));
  KT_TRY(search_greatest_version(tree, *greatest));
  KT_TRY(credential.search, recorder.finish(head.tree_size, std::nullopt));
  credential.tree_head = std::move(head);
  return credential;
}

Result<Credential> prove_credential(const LogSource& source, const Label& label) {
  KT_TRY(const TreeHead head, source.tree_head());
  ProofRecorder scratch(source, nullptr, std::nullopt);
  CombinedTree tree(scratch, source.configuration().wire(), head.tree_size);
  KT_TRY(const auto position, tree.rightmost_distinguished());
  if (!position) return fail(Errc::unavailable, "no log entry is distinguished yet");
  return prove_credential(source, label, *position);
}

Result<CredentialUpdate> prove_credential_update(const LogSource& source, const Label& label,
                                                 Version version, EntryIndex terminal,
                                                 TreeSize credential_size) {
  KT_TRY(const TreeHead head, source.tree_head());
  if (credential_size == TreeSize{0} || credential_size > head.tree_size ||
      terminal > rightmost(credential_size))
    return fail(Errc::rejected, "the credential is not from this tree");

  ProofRecorder scratch(source, nullptr, std::nullopt);
  CombinedTree current(scratch, source.configuration().wire(), head.tree_size);
  KT_TRY(const bool settled, current.is_distinguished(terminal));
  if (settled)
    return fail(Errc::conflict, "the terminal log entry is distinguished: no update is needed");
  KT_TRY(const auto distinguished, first_distinguished_after(current, terminal));
  if (!distinguished)
    return fail(Errc::unavailable, "no distinguished log entry follows the credential's yet");
  if (size_through(*distinguished) < credential_size)
    return fail(Errc::rejected, "the terminal log entry is not one a search would end at");

  const TreeSize size = size_through(*distinguished);
  ProofRecorder recorder(source, &label, credential_size);
  CombinedTree tree(recorder, source.configuration().wire(), size);
  KT_TRY(update_view(tree, credential_size));
  if (source.configuration().mode() == DeploymentMode::contactMonitoring) {
    const MonitorMapEntry monitored{terminal, version};
    KT_TRY(monitor_contact(tree, std::span(&monitored, 1), std::nullopt));
  }
  CredentialUpdate update;
  KT_TRY(update.monitor, recorder.finish(size, std::nullopt));
  return update;
}

}  // namespace kt::keytrans
