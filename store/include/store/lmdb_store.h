// A Store in one LMDB environment.
//
// The environment is a directory with the files data.mdb and lock.mdb, of LMDB, and `lease`, which
// is locked while the store is open. The file grows as it is filled and never shrinks; space that
// was given up is used again. When the memory map doubles, new snapshots wait for the ones that are
// in use, up to twice the greatest age of one. Formats: docs/formats.md.
//
// What LMDB keeps around the records (its own pages) has no checksums. A flipped bit there can hide
// a record, which readers have to expect: a record that must be there and is not means corruption.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>

#include "store/store.h"

namespace kt::store {

struct LmdbOptions {
  // Whether a store is made where there is none.
  bool create_if_missing = true;
  // Sizes of the memory map in bytes: the first, which doubles when it is full, and the greatest.
  std::uint64_t initial_map_size = std::uint64_t{1} << 30;
  std::uint64_t map_size_limit = std::uint64_t{1} << 40;
  unsigned max_tables = 1024;
  unsigned max_snapshots = 512;
  // How old a snapshot may become: pages that it can see are not used again.
  std::chrono::milliseconds max_snapshot_age{10'000};
};

// Opens the environment in the directory `path`, which is created if need be, with access for its
// owner only. Blocking.
// Errors: conflict at once when the environment is open already, here or in another process;
// not_found when there is none and none is to be made; rejected when it has a format this program
// does not know; corrupt when LMDB says so; unavailable when the system refuses.
Result<std::unique_ptr<Store>> open_lmdb_store(const std::filesystem::path& path,
                                               const LmdbOptions& options = {});

}  // namespace kt::store
