// The leaves that an auditor knows of, in its database, with the changes of a batch over them.
// Internal.
//
// Lifetime: borrows the snapshot. Thread rule: one thread at a time.
#pragma once

#include <map>

#include "records.h"

namespace kt::auditor {

class StoredLeaves final : public keytrans::AuditedLeaves {
 public:
  StoredLeaves(const store::Snapshot& snapshot, store::Table table)
      : snapshot_(snapshot), table_(table) {}

  // Errors: those of the snapshot; corrupt for a record that is none.
  Result<std::optional<EntryIndex>> added_at(const HashValue& vrf_output) const override;
  Result<void> apply(EntryIndex entry, const std::vector<keytrans::PrefixLeaf>& added,
                     const std::vector<keytrans::PrefixLeaf>& removed) override;

  // What was applied, as changes of the table.
  void put_changes(store::Batch& batch) const;

 private:
  const store::Snapshot& snapshot_;
  store::Table table_;
  std::map<HashValue, std::optional<EntryIndex>> changes_;  // nothing for a leaf that is gone
};

}  // namespace kt::auditor
