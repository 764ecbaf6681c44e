#include "next_entry.h"

#include <algorithm>

#include "keytrans/auditor.h"
#include "keytrans/commitment.h"
#include "keytrans/ladder.h"
#include "keytrans/random.h"
#include "padding.h"
#include "parallel.h"
#include "removal.h"

namespace kt::log {
namespace {

using keytrans::PrefixLeaf;
using keytrans::Subtree;
using keytrans::VrfOutputAndProof;

// Leaves that leave with one entry, so that what a commit takes is bounded.
constexpr std::size_t kMostLeaving = 1'000;

bool is_audited(const LogView& view) {
  return view.configuration().mode() == keytrans::DeploymentMode::thirdPartyAuditing;
}

std::uint64_t first_new(const Change& change) {
  return change.previous ? std::uint64_t{change.previous->value()} + 1 : 0;
}

// Puts what is stored of one new version, and gives its leaf.
Result<PrefixLeaf> put_version(store::Batch& batch, const Tables& tables, const LogView& view,
                               EntryIndex position, const Change& change, const VersionVrf& made) {
  const auto place = static_cast<std::size_t>(made.version.value() - first_new(change));
  HashValue commitment = keytrans::kSkippedCommitment;
  if (place >= change.skipped) {
    const keytrans::UpdateValue& update = change.values[place - change.skipped];
    KT_TRY(const keytrans::Opening opening, keytrans::random_bytes<keytrans::kOpeningSize>());
    KT_TRY(commitment, keytrans::commit({opening, change.label, made.version, update},
                                        view.configuration().context()));
    batch.put(tables.values, version_key(change.label, made.version),
              encode_record(keytrans::CommittedValue{opening, update}));
  }
  batch.put(tables.versions, version_key(change.label, made.version),
            encode_record(StoredVersion{VersionPlace{position, commitment}, *made.vrf}));
  return PrefixLeaf{made.vrf->output, commitment};
}

// Erases what was stored of the ladder above the previous greatest version and is not needed now.
void erase_old_ladder(store::Batch& batch, const Tables& tables, const Change& change) {
  if (!change.previous) return;
  const std::vector<Version> ladder = keytrans::base_binary_ladder(change.greatest());
  for (const Version version : keytrans::base_binary_ladder(*change.previous)) {
    if (version > change.greatest() &&
        std::find(ladder.begin(), ladder.end(), version) == ladder.end())
      batch.erase(tables.versions, version_key(change.label, version));
  }
}

// Appends a leaf to the log tree whose full subtrees are `heads`, putting each node that is new.
void append_leaf(store::Batch& batch, const Tables& tables, TreeSize size,
                 std::vector<HashValue>& heads, const HashValue& leaf) {
  HashValue value = leaf;
  Subtree node{size.value(), 0};
  for (std::uint64_t rest = size.value(); (rest & 1U) != 0; rest >>= 1U) {
    value = keytrans::log_parent(heads.back(), node.is_leaf(), value, node.is_leaf());
    heads.pop_back();
    node = {node.start - (std::uint64_t{1} << node.level),
            static_cast<std::uint8_t>(node.level + 1)};
    batch.put(tables.nodes, node_key(node), encode_record(value));
  }
  heads.push_back(value);
}

// The padding of an entry that adds and removes these leaves: see make_next_entry().
Result<std::vector<PrefixLeaf>> padding(const LogView& view, const std::vector<PrefixLeaf>& added,
                                        const std::vector<PrefixLeaf>& removed, std::size_t fakes) {
  std::vector<PrefixLeaf> leaves;
  if (is_audited(view)) {
    KT_TRY(leaves, keytrans::covering_leaves(view.prefix_nodes(), view.state().prefix_tree, added,
                                             removed));
    if (added.empty() && removed.empty()) fakes = std::max<std::size_t>(fakes, 1);
    fakes = std::min(fakes, kMaxAuditedLeaves - added.size() - removed.size());
  }
  while (leaves.size() < fakes) {
    KT_TRY(const PrefixLeaf leaf, keytrans::padding_leaf());
    leaves.push_back(leaf);
  }
  return leaves;
}

}  // namespace

Version Change::greatest() const {
  return Version{static_cast<std::uint32_t>(first_new(*this) + count() - 1)};
}

Result<void> find_vrfs(const LogView& view, Change& change) {
  std::vector<Version> versions;
  for (std::uint64_t v = first_new(change); v <= change.greatest().value(); ++v)
    versions.push_back(Version{static_cast<std::uint32_t>(v)});
  for (const Version version : keytrans::base_binary_ladder(change.greatest())) {
    if (version > change.greatest()) versions.push_back(version);
  }
  std::sort(versions.begin(), versions.end());
  for (const Version version : versions) {
    KT_TRY(auto stored, view.stored(change.label, version));
    std::optional<VrfOutputAndProof> vrf;
    if (stored) vrf = std::move(stored->vrf);
    change.vrfs.push_back({version, std::move(vrf)});
  }
  return {};
}

Result<void> compute_vrfs(const keytrans::VrfPrivateKey& key, std::vector<Change>& changes,
                          unsigned threads) {
  struct Missing {
    const Label* label;
    VersionVrf* vrf;
  };
  std::vector<Missing> missing;
  for (Change& change : changes) {
    for (VersionVrf& vrf : change.vrfs) {
      if (!vrf.vrf) missing.push_back({&change.label, &vrf});
    }
  }
  std::vector<std::optional<Error>> errors(missing.size());
  parallel_for(missing.size(), threads, [&](std::size_t i) {
    auto output = key.prove(keytrans::vrf_input(*missing[i].label, missing[i].vrf->version));
    if (output) {
      missing[i].vrf->vrf = *std::move(output);
    } else {
      errors[i] = std::move(output).error();
    }
  });
  for (std::optional<Error>& error : errors) {
    if (error) return tl::unexpected<Error>(*std::move(error));
  }
  return {};
}

Result<NextEntry> make_next_entry(const LogView& view, const Tables& tables,
                                  const keytrans::SigningKey& signature_key, Timestamp timestamp,
                                  const std::vector<Change>& changes, std::size_t fakes) {
  const State& before = view.state();
  KT_ASSERT(before.size() == TreeSize{0} || timestamp >= before.timestamp);
  const EntryIndex position{before.size().value()};
  NextEntry next;
  next.state = before;

  std::vector<PrefixLeaf> added;
  for (const Change& change : changes) {
    erase_old_ladder(next.batch, tables, change);
    for (const VersionVrf& made : change.vrfs) {
      if (made.version > change.greatest()) {
        next.batch.put(tables.versions, version_key(change.label, made.version),
                       encode_record(StoredVersion{std::nullopt, *made.vrf}));
        continue;
      }
      KT_TRY(const PrefixLeaf leaf, put_version(next.batch, tables, view, position, change, made));
      added.push_back(leaf);
    }
  }

  // Each leaf that leaves may need one that covers its sibling.
  const std::size_t room = is_audited(view) ? (kMaxAuditedLeaves - added.size()) / 2 : kMostLeaving;
  KT_TRY(const std::vector<PrefixLeaf> removed,
         remove_erased(view, tables, timestamp, room, next.batch));
  KT_TRY(const std::vector<PrefixLeaf> padded, padding(view, added, removed, fakes));
  added.insert(added.end(), padded.begin(), padded.end());
  if (is_audited(view)) {
    KT_TRY(const keytrans::AuditorUpdate update,
           keytrans::prove_auditor_update(view.prefix_nodes(), before.prefix_tree, timestamp, added,
                                          removed));
    KT_TRY(Bytes encoded, keytrans::encode(update));
    next.batch.put(tables.audit, number_key(position.value()), std::move(encoded));
  }

  std::vector<HashValue> removed_keys;
  removed_keys.reserve(removed.size());
  for (const PrefixLeaf& leaf : removed) removed_keys.push_back(leaf.vrf_output);
  PrefixNodeBatch nodes(view.stored_prefix_nodes());
  KT_TRY(const keytrans::PrefixChild root,
         keytrans::prefix_update(nodes, before.prefix_tree, added, removed_keys));
  const PrefixNodeBatch::Written written =
      std::move(nodes).write_to(next.batch, tables.prefix, root, before.next_chunk);
  next.state.prefix_tree = written.root;
  next.state.next_chunk = written.next_chunk;
  // Without a maximum lifetime, no version of the tree is ever given up.
  if (view.configuration().wire().maximum_lifetime && !written.superseded.empty())
    next.batch.put(tables.superseded, number_key(position.value()),
                   encode_record(written.superseded));

  next.batch.put(tables.entries, number_key(position.value()),
                 encode_record(StoredEntry{timestamp, next.state.prefix_tree}));
  append_leaf(next.batch, tables, before.size(), next.state.full_subtrees,
              keytrans::log_leaf_value(timestamp, next.state.prefix_tree.hash));
  if (before.size() == TreeSize{0}) next.state.first_timestamp = timestamp;
  next.state.timestamp = timestamp;
  const TreeSize size = size_through(position);
  KT_TRY(next.state.tree_head,
         keytrans::sign_tree_head(signature_key, view.configuration().wire(), size,
                                  keytrans::log_root(size, next.state.full_subtrees)));
  return next;
}

}  // namespace kt::log
