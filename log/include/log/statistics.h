// How a log that is not running stands.
//
// Thread rule: any thread; nothing is held between calls.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "keytrans/log_configuration.h"
#include "store/store.h"

namespace kt::log {

// The configuration of the log in `directory`. Blocking.
// Errors: not_found when there is no log; conflict when it is open; rejected for a format that is
// not ours; corrupt when it contradicts itself.
Result<keytrans::LogConfiguration> read_configuration(const std::filesystem::path& directory);

struct Statistics {
  keytrans::LogConfiguration configuration;
  keytrans::TreeHead tree_head;  // of size 0 and unsigned before the first entry
  std::optional<HashValue> root;
  std::optional<Timestamp> first_timestamp;      // of entry 0
  std::optional<Timestamp> rightmost_timestamp;  // of the last entry
  std::optional<keytrans::AuditorTreeHead> auditor_tree_head;
  std::uint64_t entries = 0;   // that are stored
  std::uint64_t labels = 0;    // that have versions
  std::uint64_t versions = 0;  // of all labels, skipped ones among them
  std::uint64_t values = 0;    // that are stored
  // What is left of erased labels: see log/erase.h.
  std::uint64_t erased_labels = 0;   // that are still there, without values; among `labels`
  std::uint64_t leaving_leaves = 0;  // of the current prefix tree, of labels that are gone
  std::uint64_t pseudonyms = 0;      // of labels that are gone and in unexpired entries
  store::Usage usage;
  // The size of the highest head that was signed; nothing when the head file is missing or damaged.
  // A log whose database has fewer entries does not open.
  std::optional<TreeSize> highest_head;
};

// Counts what is in the log in `directory`, reading every record of a version but no value. Changes
// nothing. Blocking.
// Errors: those of read_configuration(); corrupt for a damaged record.
Result<Statistics> read_statistics(const std::filesystem::path& directory);

}  // namespace kt::log
