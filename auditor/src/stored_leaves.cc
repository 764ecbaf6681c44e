#include "stored_leaves.h"

namespace kt::auditor {

Result<std::optional<EntryIndex>> StoredLeaves::added_at(const HashValue& vrf_output) const {
  if (const auto changed = changes_.find(vrf_output); changed != changes_.end())
    return changed->second;
  KT_TRY(const auto bytes, snapshot_.get(table_, leaf_key(vrf_output)));
  if (!bytes) return std::optional<EntryIndex>();
  KT_TRY(const EntryIndex entry, decode_added_at(*bytes));
  return std::optional<EntryIndex>(entry);
}

Result<void> StoredLeaves::apply(EntryIndex entry, const std::vector<keytrans::PrefixLeaf>& added,
                                 const std::vector<keytrans::PrefixLeaf>& removed) {
  for (const keytrans::PrefixLeaf& leaf : removed) changes_[leaf.vrf_output] = std::nullopt;
  for (const keytrans::PrefixLeaf& leaf : added) changes_[leaf.vrf_output] = entry;
  return {};
}

void StoredLeaves::put_changes(store::Batch& batch) const {
  for (const auto& [vrf_output, entry] : changes_) {
    if (entry) {
      batch.put(table_, leaf_key(vrf_output), encode_record(*entry));
    } else {
      batch.erase(table_, leaf_key(vrf_output));
    }
  }
}

}  // namespace kt::auditor
