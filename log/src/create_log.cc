#include <optional>

#include "directory.h"
#include "keytrans/key_file.h"
#include "log/log.h"
#include "records.h"
#include "store/files.h"
#include "store/head_file.h"
#include "store/new_directory.h"

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
  KT_TRY(store::write_new_file(directory.configuration(), encoded, kPublicFile));
  store::Batch batch;
  batch.put(about, configuration_key(), std::move(encoded));
  batch.put(tables.state, state_key(), encode_record(State{}));
  KT_TRY(const store::Committed committed, store->commit(batch));
  if (committed != store::Committed::ok)
    return fail(Errc::unavailable, "the new log's database cannot be written");
  KT_TRY(store::HeadFile::create(directory.head_file()));
  return checked.id();
}

}  // namespace

Result<LogId> create_log(const std::filesystem::path& directory,
                         keytrans::Configuration configuration) {
  std::optional<LogId> id;
  KT_TRY(store::make_directory(directory,
                               [&](const std::filesystem::path& unfinished) -> Result<void> {
                                 KT_TRY(id, fill(Directory{unfinished}, std::move(configuration)));
                                 return {};
                               }));
  return *id;
}

}  // namespace kt::log
