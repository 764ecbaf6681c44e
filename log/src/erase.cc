#include "log/erase.h"

#include "closed_log.h"
#include "stored_versions.h"

namespace kt::log {
namespace {

Result<void> require_label(const store::Snapshot& snapshot, const Tables& tables,
                           const Label& label) {
  KT_TRY(const auto last, snapshot.last_before(tables.versions, after_versions(label)));
  if (last && version_of(label, last->key)) return {};
  return fail(Errc::not_found, "the label is not in the log");
}

Result<std::uint64_t> erase_values_of(ClosedLog& log, const Label& label) {
  store::Batch batch;
  std::uint64_t erased = 0;
  {
    KT_TRY(const auto snapshot, log.store->snapshot());
    KT_TRY(snapshot->scan(log.tables.values, version_key(label, Version{0}),
                          [&](const store::Record& record) -> Result<bool> {
                            if (!version_of(label, record.key)) return false;
                            batch.erase(log.tables.values, to_bytes(record.key));
                            batch.put(log.tables.erased, to_bytes(record.key), {});
                            ++erased;
                            return true;
                          }));
  }
  if (erased == 0) return erased;
  KT_TRY(const store::Committed committed, log.store->commit(batch));
  if (committed != store::Committed::ok)
    return fail(Errc::unavailable, "the storage failed; some values may be erased");
  return erased;
}

}  // namespace

Result<std::uint64_t> erase_values(const std::filesystem::path& directory,
                                   const std::vector<Label>& labels) {
  KT_TRY(ClosedLog log, open_closed_log(directory));
  for (const Label& label : labels) {
    KT_TRY(const auto snapshot, log.store->snapshot());
    KT_TRY(require_label(*snapshot, log.tables, label));
  }
  std::uint64_t erased = 0;
  for (const Label& label : labels) {
    KT_TRY(const std::uint64_t values, erase_values_of(log, label));
    erased += values;
  }
  return erased;
}

}  // namespace kt::log
