// A copy of a log that is not running, to keep elsewhere.
//
// Thread rule: any thread; nothing is held between calls.
#pragma once

#include <cstdint>
#include <filesystem>

#include "keytrans/result.h"

namespace kt::log {

struct BackupOptions {
  bool keys = true;  // the private keys too; without them the copy does not open
};

struct BackedUp {
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;  // of the copy's database
};

// Copies the log in `directory` to `destination`, which must not be there yet. Records are read and
// written anew, so each checksum is verified and nothing of what was erased goes along. The copy is
// durable when it gets its name. Blocking.
//
// The copy is a whole log, and its head file is of the day it was made. Only the head file in the
// original place knows what was signed since, so a backup is restored by putting its database there
// and leaving that file alone: Log::open then refuses it if anything was signed since. The head
// file is copied as it is found, and not if there is none.
//
// Errors: not_found when there is no log; conflict when it is open or something is at
// `destination`; corrupt for a damaged record or head file; those of the key files; unavailable
// when the system refuses. Nothing is left of the copy then.
Result<BackedUp> back_up_log(const std::filesystem::path& directory,
                             const std::filesystem::path& destination,
                             const BackupOptions& options = {});

}  // namespace kt::log
