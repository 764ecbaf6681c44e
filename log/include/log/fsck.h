// Whether what is stored of a log is what was signed: everything that follows from other records is
// computed again from them and compared.
//
//   - Every record can be read, and is of the format it should be.
//   - The log tree: each node, each root and the signatures over them follow from the entries.
//   - The prefix tree: every node has the hash that stands beside its number, and the tree of every
//     entry that is not expired is complete.
//   - Each version: its VRF output and proof, and its leaf with its commitment in the trees that
//     have to have it.
//   - Each value: its commitment.
//   - Each label that was erased: that it has no value and is to be removed; and of those that were
//     removed, that the leaves of the current prefix tree which are to leave it are there, and the
//     others are not, as far as anything tells.
//   - In third-party auditing mode: each auditor's update leads from one entry to the next.
//
// What was pruned or erased is not missed. A label of which every record is gone is not found
// missing either: its leaves in the prefix tree cannot be told from padding.
//
// Thread rule: any thread; nothing is held between calls.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "keytrans/types.h"

namespace kt::log {

struct FsckOptions {
  // Whether VRFs are computed again, which takes most of the time and needs the private key.
  // Without it they are believed.
  bool vrfs = true;
  std::size_t fault_limit = 100;  // faults that are kept; all are counted
};

struct FsckReport {
  // Each names a record by its table and number, and says what is wrong with it; never a label or a
  // value. In the order in which they were found.
  std::vector<std::string> faults;
  std::uint64_t fault_count = 0;
  bool vrfs = true;  // as in the options

  // What was looked at.
  TreeSize tree_size;  // of the signed head
  std::uint64_t entries = 0;
  std::uint64_t log_nodes = 0;
  std::uint64_t prefix_chunks = 0;
  std::uint64_t prefix_nodes = 0;  // in them
  std::uint64_t labels = 0;
  std::uint64_t versions = 0;         // of all labels, skipped ones among them
  std::uint64_t ladder_versions = 0;  // that do not exist and have a VRF stored
  std::uint64_t values = 0;
  std::uint64_t versions_without_value = 0;  // pruned or erased; not skipped ones
  std::uint64_t auditor_updates = 0;
  // What is left of erased labels: see log/erase.h.
  std::uint64_t erased_labels = 0;
  std::uint64_t leaving_leaves = 0;
  std::uint64_t pseudonyms = 0;

  [[nodiscard]] bool is_clean() const { return fault_count == 0; }
};

// Is told how many of the `total` records of all tables were looked at.
using FsckProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;

// Checks the log in `directory`, which nobody may have open, and goes on after a fault. Changes
// nothing. Blocking; uses every processor.
// Errors, when it could not be checked: not_found when there is no log; conflict when it is open;
// rejected for a format that is not ours; corrupt when it does not say what log it is or where it
// stands; those of the file of the VRF key; unavailable when the storage fails.
Result<FsckReport> fsck(const std::filesystem::path& directory, const FsckOptions& options = {},
                        const FsckProgress& progress = {});

}  // namespace kt::log
