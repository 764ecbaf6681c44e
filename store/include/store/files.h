// Files that are there after a power failure, for what stands beside a store.
//
// Blocking. Thread rule: any thread; nothing is held between calls.
#pragma once

#include <filesystem>
#include <sys/types.h>

#include "keytrans/bytes.h"
#include "keytrans/result.h"

namespace kt::store {

// Creates `path` with exactly the permissions `mode` and writes `contents` to it. The caller syncs
// the directory. Errors: conflict when something is at `path` already; unavailable when the system
// refuses, and then nothing is left there.
Result<void> write_new_file(const std::filesystem::path& path, ByteView contents, mode_t mode);

}  // namespace kt::store
