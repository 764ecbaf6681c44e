// Erasing what labels' versions hold, on a log that is not running.
//
// A value that was erased cannot be recovered: what the tree commits to cannot be opened without
// the opening, which goes with it. Everything else stays as it is: proofs of all other labels hold,
// and those who monitor an erased label see that its versions are still there. A search for one is
// answered with not_found.
//
// What stays: the label's name beside the VRFs of its versions, for the prefix tree has their
// leaves. The file keeps remains of the value until the log is compacted: log/compact.h.
//
// Source: architecture, "Privacy Law Considerations".
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "keytrans/result.h"
#include "keytrans/types.h"

namespace kt::log {

// Erases the values and openings of all versions of `labels` from the log in `directory`; those of
// each label at once, or none. Result: the number of values that were there. Blocking.
// Errors: not_found when one of the labels is not in the log, and then nothing was erased; those of
// read_statistics(); unavailable when it cannot be written.
Result<std::uint64_t> erase_values(const std::filesystem::path& directory,
                                   const std::vector<Label>& labels);

}  // namespace kt::log
