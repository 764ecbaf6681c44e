#include <system_error>

#include "directory.h"
#include "head_file.h"
#include "keytrans/directory.h"
#include "keytrans/key_file.h"
#include "log/log.h"
#include "records.h"

namespace kt::log {
namespace {

// Fills the new directory `directory`.
Result<LogId> fill(const Directory& directory, keytrans::Configuration configuration) {
  KT_TRY(const auto signature_key, keytrans::SigningKey::generate(configuration.ciphersuite));
  KT_TRY(const auto vrf_key, keytrans::VrfPrivateKey::generate(configuration.ciphersuite));
  configuration.signature_public_key = signature_key.public_key();
  configuration.vrf_public_key = vrf_key.public_key();
  KT_TRY(const auto checked, keytrans::LogConfiguration::create(std::move(configuration)));

  KT_TRY(const auto signature_pem, signature_key.to_pem());
  KT_TRY(keytrans::store_key_file(directory.signature_key(), signature_pem));
  KT_TRY(const auto vrf_pem, vrf_key.to_pem());
  KT_TRY(keytrans::store_key_file(directory.vrf_key(), vrf_pem));

  KT_TRY(const auto store, store::open_lmdb_store(directory.database()));
  KT_TRY(const store::Table about, store->table(kLogSpace, kLogTable));
  KT_TRY(const Tables tables, Tables::open(*store, checked.id()));
  KT_TRY(Bytes encoded, keytrans::encode(checked.wire()));
  store::Batch batch;
  batch.put(about, configuration_key(), std::move(encoded));
  batch.put(tables.state, state_key(), encode_record(State{}));
  KT_TRY(const store::Committed committed, store->commit(batch));
  if (committed != store::Committed::ok)
    return fail(Errc::unavailable, "the new log's database cannot be written");
  KT_TRY(HeadFile::create(directory.head_file()));
  KT_TRY(keytrans::sync_directory(directory.path));
  return checked.id();
}

}  // namespace

Result<LogId> create_log(const std::filesystem::path& directory,
                         keytrans::Configuration configuration) {
  std::error_code error;
  if (std::filesystem::exists(std::filesystem::symlink_status(directory, error)))
    return fail(Errc::conflict, "there is something at the new log's directory already");
  // Under another name until it is complete, so that there is a whole log or none.
  std::filesystem::path unfinished = directory;
  unfinished += ".new";
  if (!std::filesystem::create_directory(unfinished, error)) {
    return fail(error ? Errc::unavailable : Errc::conflict,
                error ? "the new log's directory: " + error.message()
                      : "the directory of an unfinished log, which ends in .new, is in the way");
  }
  std::filesystem::permissions(unfinished, std::filesystem::perms::owner_all, error);
  auto id = fill({unfinished}, std::move(configuration));
  if (id && !error) std::filesystem::rename(unfinished, directory, error);
  if (id && !error) {
    KT_TRY(keytrans::sync_directory(directory.parent_path()));
    return id;
  }
  std::error_code ignored;
  std::filesystem::remove_all(unfinished, ignored);
  if (!id) return id;
  return fail(Errc::unavailable, "the new log's directory: " + error.message());
}

}  // namespace kt::log
