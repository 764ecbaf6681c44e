// The database of a log in which nothing is sequenced: how a log is opened, and what everything
// works on that wants it to stand still. Internal.
#pragma once

#include <memory>

#include "directory.h"
#include "keytrans/key_file.h"
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

// A private key of the log: `Key` is SigningKey or VrfPrivateKey.
// Errors: those of the file; rejected when `public_key` is not its own.
template <class Key>
Result<Key> load_key(const std::filesystem::path& path, keytrans::CipherSuite suite,
                     const Bytes& public_key) {
  KT_TRY(const auto pem, keytrans::load_key_file(path));
  auto key = Key::from_pem(suite, pem.text());
  if (!key) return fail_in(path.filename().string(), std::move(key).error());
  if (key->public_key() != public_key)
    return fail(Errc::rejected, path.filename().string() + " is not the key of this log");
  return key;
}

}  // namespace kt::log
