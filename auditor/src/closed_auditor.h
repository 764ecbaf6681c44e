// The database of an auditor that nobody else has open. Internal.
#pragma once

#include <memory>

#include "directory.h"
#include "records.h"
#include "store/lmdb_store.h"

namespace kt::auditor {

struct ClosedAuditor {
  Directory files;
  std::unique_ptr<store::Store> store;  // with the lease on it
  Tables tables;
  State state;
};

// Opens the database of the auditor in `directory` and changes nothing in it. Blocking.
// Errors: not_found when there is no auditor, or it is not bound to a log; conflict when it is
// open; corrupt when it contradicts itself or has a format that is not ours.
Result<ClosedAuditor> open_closed_auditor(const std::filesystem::path& directory,
                                          store::LmdbOptions options = {});

}  // namespace kt::auditor
