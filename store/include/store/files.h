// Whole files, for what stands beside a store: written so that they are there after a power
// failure, and read within a bound.
//
// Blocking. Thread rule: any thread; nothing is held between calls.
#pragma once

#include <cstddef>
#include <filesystem>
#include <sys/types.h>

#include "keytrans/bytes.h"
#include "keytrans/result.h"

namespace kt::store {

// Creates `path` with exactly the permissions `mode` and writes `contents` to it. The caller syncs
// the directory. Errors: conflict when something is at `path` already; unavailable when the system
// refuses, and then nothing is left there.
Result<void> write_new_file(const std::filesystem::path& path, ByteView contents, mode_t mode);

// The contents of the file at `path`. Errors: not_found; rejected when it is not a regular file;
// malformed when it has more than `max_size` bytes; unavailable when the system refuses.
Result<Bytes> read_small_file(const std::filesystem::path& path, std::size_t max_size);

}  // namespace kt::store
