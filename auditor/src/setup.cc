#include "auditor/setup.h"

#include <system_error>

#include "closed_auditor.h"
#include "keytrans/key_file.h"
#include "store/head_file.h"
#include "store/new_directory.h"

namespace kt::auditor {
namespace {

using keytrans::LogConfiguration;
using keytrans::SigningKey;

bool is_there(const std::filesystem::path& path) {
  std::error_code error;
  return std::filesystem::exists(std::filesystem::symlink_status(path, error));
}

// Fills the new directory of a database.
Result<void> fill(const std::filesystem::path& database, const LogConfiguration& configuration) {
  State state{configuration, std::nullopt, std::nullopt, TreeSize{}};
  if (configuration.wire().auditor_start_pos == EntryIndex{0}) {
    KT_TRY(state.auditor, keytrans::Auditor::from_genesis(configuration));
  }
  KT_TRY(const auto store, store::open_lmdb_store(database));
  KT_TRY(const Tables tables, Tables::open(*store));
  store::Batch batch;
  batch.put(tables.state, state_key(), encode_record(state));
  KT_TRY(const store::Committed committed, store->commit(batch));
  if (committed != store::Committed::ok)
    return fail(Errc::unavailable, "the auditor's new database cannot be written");
  return {};
}

}  // namespace

Result<Bytes> create_auditor(const std::filesystem::path& directory, keytrans::CipherSuite suite) {
  KT_TRY(const SigningKey key, SigningKey::generate(suite));
  KT_TRY(const auto pem, key.to_pem());
  KT_TRY(store::make_directory(directory, [&](const std::filesystem::path& unfinished) {
    return keytrans::store_key_file(Directory{unfinished}.key(), pem);
  }));
  return key.public_key();
}

Result<LogId> bind_auditor(const std::filesystem::path& directory,
                           keytrans::Configuration configuration) {
  const Directory files{directory};
  KT_TRY(const auto checked, LogConfiguration::create(std::move(configuration)));
  if (checked.mode() != keytrans::DeploymentMode::thirdPartyAuditing)
    return fail(Errc::rejected, "the log is not deployed with a third-party auditor");
  KT_TRY(keytrans::load_key<SigningKey>(files.key(), checked.ciphersuite(),
                                        checked.wire().auditor_public_key));
  if (is_there(files.database())) {
    KT_TRY(const ClosedAuditor bound, open_closed_auditor(directory));
    if (!(bound.state.configuration == checked))
      return fail(Errc::rejected, "the auditor is bound to another log already");
    return checked.id();
  }
  // Before the database: a database without a head file is refused, whatever it has.
  if (!is_there(files.head_file())) {
    KT_TRY(store::HeadFile::replace(files.head_file(), store::SignedHead{}));
  }
  std::filesystem::path unfinished = files.database();
  unfinished += ".new";
  std::error_code error;
  std::filesystem::remove_all(unfinished, error);  // what a process left that died here
  KT_TRY(store::make_directory(files.database(), [&](const std::filesystem::path& database) {
    return fill(database, checked);
  }));
  return checked.id();
}

}  // namespace kt::auditor
