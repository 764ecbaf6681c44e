// The database of a log in which nothing is sequenced: how a log is opened, and what everything
// works on that wants it to stand still. Internal.
#pragma once

#include <memory>

#include "directory.h"
#include "keytrans/log_configuration.h"
#include "records.h"
#include "store/lmdb_store.h"

namespace kt::log {

struct ClosedLog {
  Directory files;
  keytrans::LogConfiguration configuration;
  std::unique_ptr<store::Store> store;  // with the lease on it
  Tables tables;
  State state;
};

// Opens the database of the log in `directory` and changes nothing in it. Blocking.
// Errors: not_found when there is no log; conflict when it is open; rejected for a format that is
// not ours; corrupt when it contradicts itself.
Result<ClosedLog> open_closed_log(const std::filesystem::path& directory,
                                  store::LmdbOptions options = {});

}  // namespace kt::log
