#include "log/backup.h"

#include "closed_log.h"
#include "keytrans/key_file.h"
#include "log/log.h"
#include "store/copy.h"
#include "store/files.h"
#include "store/head_file.h"
#include "store/new_directory.h"

namespace kt::log {
namespace {

Result<void> copy_keys(const ClosedLog& log, const Directory& copy) {
  const keytrans::Configuration& wire = log.configuration.wire();
  // A backup with another key would be found out when it is needed.
  KT_TRY(const auto signature_key, load_signature_key(log.files.path, log.configuration));
  KT_TRY(const auto vrf_key, keytrans::load_key<keytrans::VrfPrivateKey>(
                                 log.files.vrf_key(), wire.ciphersuite, wire.vrf_public_key));
  KT_TRY(const auto signature_pem, signature_key.to_pem());
  KT_TRY(keytrans::store_key_file(copy.signature_key(), signature_pem));
  KT_TRY(const auto vrf_pem, vrf_key.to_pem());
  return keytrans::store_key_file(copy.vrf_key(), vrf_pem);
}

Result<void> copy_head_file(const ClosedLog& log, const Directory& copy) {
  const auto head_file = store::HeadFile::open(log.files.head_file());
  if (!head_file && head_file.error().code == Errc::rejected) return {};  // there is none
  if (!head_file) return tl::unexpected<Error>(head_file.error());
  KT_TRY(store::HeadFile copied, store::HeadFile::create(copy.head_file()));
  return copied.advance(head_file->highest());
}

Result<BackedUp> fill(const ClosedLog& log, const Directory& copy, const BackupOptions& options) {
  BackedUp done;
  {
    KT_TRY(const auto store, store::open_lmdb_store(copy.database()));
    KT_TRY(done.records, store::copy_store(*log.store, *store));
    const store::Usage usage = store->usage();
    done.bytes = usage.used;
  }
  KT_TRY(copy_head_file(log, copy));
  KT_TRY(const Bytes configuration, keytrans::encode(log.configuration.wire()));
  KT_TRY(store::write_new_file(copy.configuration(), configuration, kPublicFile));
  if (options.keys) {
    KT_TRY(copy_keys(log, copy));
  }
  return done;
}

}  // namespace

Result<BackedUp> back_up_log(const std::filesystem::path& directory,
                             const std::filesystem::path& destination,
                             const BackupOptions& options) {
  KT_TRY(const ClosedLog log, open_closed_log(directory));
  BackedUp done;
  KT_TRY(store::make_directory(destination, [&](const std::filesystem::path& copy) -> Result<void> {
    KT_TRY(done, fill(log, Directory{copy}, options));
    return {};
  }));
  return done;
}

}  // namespace kt::log
