// The first half of erasing a label: its values go at once. Internal. The second: removal.h.
//
// Thread rule: pure functions over a snapshot.
#pragma once

#include <vector>

#include "records.h"
#include "store/store.h"

namespace kt::log {

// Errors: not_found when one of `labels` is not in the log; those of a snapshot.
Result<void> require_labels(const store::Snapshot& snapshot, const Tables& tables,
                            const std::vector<Label>& labels);

struct Erasure {
  store::Batch batch;
  std::uint64_t values = 0;  // that it erases
};

// Erases the values and openings of all versions of `label`, and has it removed later. Nothing for
// a label that was erased already. `rightmost` is the log's last entry: whoever was shown a value
// monitors it from there, or from further left.
// Errors: those of require_labels().
Result<Erasure> erase_label(const store::Snapshot& snapshot, const Tables& tables,
                            EntryIndex rightmost, const Label& label);

}  // namespace kt::log
