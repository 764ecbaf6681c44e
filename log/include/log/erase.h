// Erasing labels, on a log that is not running. On one that is: Log::erase.
//
// The values of a label's versions go at once, with the openings without which what the tree
// commits to cannot be opened. From then on a search for the label is answered with not_found, and
// an update of it is refused; those who monitor it see that its versions are still there.
//
// The label itself goes while the log runs, with an entry that it makes for an update or a
// heartbeat: the first one with which an entry is distinguished that is not before the rightmost
// one of now. So it takes up to the Reasonable Monitoring Window and the time to the next entry,
// and more entries where there is much to remove. From then on the log has nothing with the label's
// name, its current prefix tree has no leaves of it, and the log answers as if it had never been
// there, but does not let it be made anew: unexpired prefix trees still have the leaves, and a
// pseudonym, which is the VRF output of version 0, says which label must wait. Both are pruned when
// the entry is expired with which its last leaf left (log/prune.h), so never in a log without a
// maximum lifetime. Proofs of all other labels hold throughout.
//
// The file keeps remains of all that until the log is compacted: log/compact.h.
//
// Source: architecture, "Privacy Law Considerations"; draft, "Auditing", step 5.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "keytrans/result.h"
#include "keytrans/types.h"

namespace kt::log {

// Erases `labels` from the log in `directory`: the values of each label at once, or none. One that
// was erased before is left alone. Result: the number of values that were there. Blocking.
// Errors: not_found when one of the labels is not in the log, and then nothing was erased; those of
// read_statistics(); unavailable when it cannot be written.
Result<std::uint64_t> erase_labels(const std::filesystem::path& directory,
                                   const std::vector<Label>& labels);

}  // namespace kt::log
