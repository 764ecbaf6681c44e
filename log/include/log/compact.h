// A log's database without the remains of what is no longer in it.
//
// Thread rule: any thread; nothing is held between calls.
#pragma once

#include <filesystem>

#include "store/compact.h"

namespace kt::log {

// Compacts the database of the log in `directory`, which nobody may have open: store/compact.h says
// how, and what holds if the process dies. Blocking.
// Errors: not_found when there is no log; conflict when it is open; rejected for a format that is
// not ours; corrupt for a damaged record; unavailable when there is no room. The log is then as it
// was.
Result<store::Compacted> compact_log(const std::filesystem::path& directory);

}  // namespace kt::log
