// The auditor's view of a prefix tree update ("Auditing").
#include <algorithm>

#include "keytrans/prefix_proof.h"
#include "prefix_partial.h"

namespace kt::keytrans {
namespace {

using Leaves = std::span<const PrefixLeaf>;

// Step 2: ascending by vrf_output, none twice.
bool strictly_ascending(Leaves leaves) {
  return std::adjacent_find(leaves.begin(), leaves.end(),
                            [](const PrefixLeaf& a, const PrefixLeaf& b) {
                              return a.vrf_output >= b.vrf_output;
                            }) == leaves.end();
}

// The leaf of `key` among `leaves`, which are strictly ascending; null if it has none.
const PrefixLeaf* find_leaf(Leaves leaves, const HashValue& key) {
  const auto found = std::lower_bound(
      leaves.begin(), leaves.end(), key,
      [](const PrefixLeaf& leaf, const HashValue& wanted) { return leaf.vrf_output < wanted; });
  return found != leaves.end() && found->vrf_output == key ? &*found : nullptr;
}

// Steps 3 and 4: what the proof must say of each key, given that `removed` are the leaves of the
// tree before. The lookups are in the order of the proof's results.
Result<std::vector<PrefixLookup>> lookups_before(Leaves added, Leaves removed,
                                                 std::span<const PrefixSearchResult> results) {
  if (results.size() != added.size() + removed.size()) {
    return fail(Errc::verification_failed, "not one search result for every leaf of the update");
  }
  std::vector<PrefixLookup> lookups;
  lookups.reserve(results.size());
  for (const PrefixLeaf& leaf : added) {
    const bool included = results[lookups.size()].result_type == PrefixSearchResultType::inclusion;
    const PrefixLeaf* const replaced = find_leaf(removed, leaf.vrf_output);
    if (included && replaced == nullptr) {
      return fail(Errc::verification_failed, "added leaf was there before");
    }
    lookups.push_back({leaf.vrf_output, std::nullopt});
    if (replaced != nullptr) lookups.back().commitment = replaced->commitment;
  }
  for (const PrefixLeaf& leaf : removed) {
    if (results[lookups.size()].result_type != PrefixSearchResultType::inclusion) {
      return fail(Errc::verification_failed, "removed leaf was not there before");
    }
    lookups.push_back({leaf.vrf_output, leaf.commitment});
  }
  return lookups;
}

}  // namespace

Result<PrefixRoots> evaluate_prefix_update(std::span<const PrefixLeaf> added,
                                           std::span<const PrefixLeaf> removed,
                                           const PrefixProof& proof) {
  if (!strictly_ascending(added) || !strictly_ascending(removed)) {
    return fail(Errc::verification_failed, "leaves of the update are not strictly ascending");
  }
  KT_TRY(const auto lookups, lookups_before(added, removed, proof.results));
  KT_TRY(PrefixPartialTree tree, PrefixPartialTree::create(lookups, proof));

  std::vector<HashValue> removed_keys;
  removed_keys.reserve(removed.size());
  for (const PrefixLeaf& leaf : removed) removed_keys.push_back(leaf.vrf_output);
  const auto after = prefix_update(tree, tree.root(), added, removed_keys);
  // The only node an update reads beside its paths is a removal's sibling: if that is opaque, the
  // new root is undetermined. Whatever stops the update, it is the proof that does not hold.
  if (!after) return fail(Errc::verification_failed, after.error().detail);
  return PrefixRoots{tree.root().hash, after->hash};
}

}  // namespace kt::keytrans
