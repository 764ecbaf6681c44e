#include "log/statistics.h"

#include "closed_log.h"
#include "store/head_file.h"
#include "stored_versions.h"

namespace kt::log {
namespace {

// Counts labels and versions. Records of versions that do not exist are not counted.
Result<void> count_versions(const ClosedLog& log, Statistics& counted) {
  Label last;
  return visit_versions(*log.store, log.tables.versions, std::nullopt,
                        [&](const LabelVersion& about, ByteView value) -> Result<void> {
                          KT_TRY(const StoredVersion stored, decode_record<StoredVersion>(value));
                          if (!stored.place) return {};
                          ++counted.versions;
                          if (counted.labels == 0 || about.label != last) ++counted.labels;
                          last = about.label;
                          return {};
                        });
}

}  // namespace

Result<keytrans::LogConfiguration> read_configuration(const std::filesystem::path& directory) {
  KT_TRY(ClosedLog log, open_closed_log(directory));
  return std::move(log.configuration);
}

Result<Statistics> read_statistics(const std::filesystem::path& directory) {
  KT_TRY(const ClosedLog log, open_closed_log(directory));
  const State& state = log.state;
  Statistics counted{log.configuration,
                     state.tree_head,
                     {},
                     {},
                     {},
                     state.auditor_tree_head,
                     0,
                     0,
                     0,
                     0,
                     0,
                     0,
                     0,
                     {},
                     {}};
  if (state.size() > TreeSize{0}) {
    counted.root = keytrans::log_root(state.size(), state.full_subtrees);
    counted.first_timestamp = state.first_timestamp;
    counted.rightmost_timestamp = state.timestamp;
  }
  {
    KT_TRY(const auto snapshot, log.store->snapshot());
    KT_TRY(counted.entries, snapshot->count(log.tables.entries));
    KT_TRY(counted.values, snapshot->count(log.tables.values));
    KT_TRY(counted.erased_labels, snapshot->count(log.tables.erasures));
    KT_TRY(counted.leaving_leaves, snapshot->count(log.tables.leaving));
    KT_TRY(counted.pseudonyms, snapshot->count(log.tables.pseudonyms));
  }
  KT_TRY(count_versions(log, counted));
  counted.usage = log.store->usage();
  if (const auto head = store::HeadFile::open(log.files.head_file()))
    counted.highest_head = head->highest().head.tree_size;
  return counted;
}

}  // namespace kt::log
