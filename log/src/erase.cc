#include "log/erase.h"

#include "closed_log.h"
#include "erasure.h"

namespace kt::log {
namespace {

Result<std::uint64_t> erase(const ClosedLog& log, const Label& label) {
  Erasure erasure;
  {
    KT_TRY(const auto snapshot, log.store->snapshot());
    KT_TRY(erasure, erase_label(*snapshot, log.tables, rightmost(log.state.size()), label));
  }
  if (erasure.values == 0) return erasure.values;
  KT_TRY(const store::Committed committed, log.store->commit(erasure.batch));
  if (committed != store::Committed::ok)
    return fail(Errc::unavailable, "the storage failed; some labels may be erased");
  return erasure.values;
}

}  // namespace

Result<std::uint64_t> erase_labels(const std::filesystem::path& directory,
                                   const std::vector<Label>& labels) {
  KT_TRY(const ClosedLog log, open_closed_log(directory));
  {
    KT_TRY(const auto snapshot, log.store->snapshot());
    KT_TRY(require_labels(*snapshot, log.tables, labels));
  }
  std::uint64_t erased = 0;
  for (const Label& label : labels) {
    KT_TRY(const std::uint64_t values, erase(log, label));
    erased += values;
  }
  return erased;
}

}  // namespace kt::log
