#include "log/compact.h"

#include "closed_log.h"

namespace kt::log {

Result<store::Compacted> compact_log(const std::filesystem::path& directory) {
  std::filesystem::path database;
  {
    KT_TRY(const ClosedLog log, open_closed_log(directory));
    database = log.files.database();
  }
  return store::compact_lmdb_store(database);
}

}  // namespace kt::log
