// Directories on disk.
// Thread rule: pure functions.
#pragma once

#include <filesystem>

#include "keytrans/result.h"

namespace kt::keytrans {

// Makes durable which files `directory` has, and under which names. An empty path is the current
// directory. Blocking. Errors: unavailable when the system refuses.
Result<void> sync_directory(const std::filesystem::path& directory);

}  // namespace kt::keytrans
