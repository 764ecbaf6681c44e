// LMDB's handles, owned. Internal: nothing of LMDB leaves this folder's sources.
#pragma once

#include <memory>
#include <string>

#include <lmdb.h>

#include "keytrans/bytes.h"
#include "keytrans/result.h"

namespace kt::store {

struct CloseEnvironment {
  void operator()(MDB_env* environment) const { mdb_env_close(environment); }
};
using Environment = std::unique_ptr<MDB_env, CloseEnvironment>;

struct AbortTransaction {
  void operator()(MDB_txn* transaction) const { mdb_txn_abort(transaction); }
};
using Transaction = std::unique_ptr<MDB_txn, AbortTransaction>;

struct CloseCursor {
  void operator()(MDB_cursor* cursor) const { mdb_cursor_close(cursor); }
};
using Cursor = std::unique_ptr<MDB_cursor, CloseCursor>;

// Lifetime: borrows `bytes`. LMDB takes what it only reads as void*, too.
[[nodiscard]] inline MDB_val to_value(ByteView bytes) {
  return {bytes.size(), const_cast<std::uint8_t*>(bytes.data())};
}
[[nodiscard]] inline ByteView to_view(const MDB_val& value) {
  return {static_cast<const std::uint8_t*>(value.mv_data), value.mv_size};
}

// A failure of LMDB as an error that says what was being done.
[[nodiscard]] inline tl::unexpected<Error> lmdb_failure(const char* what, int code) {
  const bool is_corrupt = code == MDB_CORRUPTED || code == MDB_PAGE_NOTFOUND || code == MDB_INVALID;
  return fail(is_corrupt ? Errc::corrupt : Errc::unavailable,
              std::string(what) + ": " + mdb_strerror(code));
}

}  // namespace kt::store
