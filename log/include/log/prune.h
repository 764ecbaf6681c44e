// Giving up what the maximum lifetime allows to, on a log that is not running.
//
// A running log does the same by itself: LogOptions::prune_interval.
#pragma once

#include <cstdint>
#include <filesystem>

#include "keytrans/result.h"

namespace kt::log {

// What was given up.
struct Pruned {
  std::uint64_t nodes = 0;            // of versions of the prefix tree that are all expired
  std::uint64_t values = 0;           // of versions that no search can prove any more
  std::uint64_t auditor_updates = 0;  // of expired entries that the auditor has signed for
  std::uint64_t pseudonyms = 0;       // of erased labels that left with expired entries

  friend bool operator==(const Pruned&, const Pruned&) = default;
};

// Gives up, of the log in `directory`, all that no unexpired entry needs; nothing if its
// configuration has no maximum lifetime. Whether an entry is expired goes by the rightmost entry's
// time, not by the clock. Blocking; may be stopped and started again.
// Errors: those of read_statistics(); unavailable when it cannot be written.
Result<Pruned> prune_log(const std::filesystem::path& directory);

}  // namespace kt::log
