// A store's file written anew, with the records that there are and nothing else.
//
// A file that is filled keeps the pages of what was removed until something else comes to stand
// there. Compacting is how they are given back, and how a removed record leaves the file for good.
// What a file system or a disk keeps of a file that was deleted is theirs to forget.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string_view>

#include "keytrans/result.h"

namespace kt::store {

struct Compacted {
  std::uint64_t records = 0;
  std::uint64_t bytes_before = 0;  // of the file
  std::uint64_t bytes_after = 0;
};

// Compacts the LMDB store in the directory `path`, which nobody may have open. The file is replaced
// at one instant: whenever the process dies, the store has all its records. Needs room for a second
// file. Blocking.
//
// `at_step` is called with the name of each step that was taken: "copied" (the new file is complete
// and durable, in the subdirectory compacted.new), "replaced" (it is the store's). For tests that
// end the process there. What a process that died leaves is removed by the next one that compacts.
//
// Errors: those of open_lmdb_store(), not_found when there is no store among them, and of
// copy_store(). The store is then as it was.
Result<Compacted> compact_lmdb_store(const std::filesystem::path& path,
                                     const std::function<void(std::string_view)>& at_step = {});

}  // namespace kt::store
