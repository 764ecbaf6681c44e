#include "closed_log.h"

#include "keytrans/log_math.h"

namespace kt::log {
namespace {

using keytrans::LogConfiguration;

Result<LogConfiguration> stored_configuration(store::Store& store) {
  KT_TRY(const store::Table about, store.table(kLogSpace, kLogTable));
  KT_TRY(const auto snapshot, store.snapshot());
  KT_TRY(const auto bytes, snapshot->get(about, configuration_key()));
  if (!bytes) return fail(Errc::corrupt, "the database does not say which log it is");
  auto wire = keytrans::decode<keytrans::Configuration>(*bytes);
  if (!wire) return fail(Errc::corrupt, "the log's configuration: " + wire.error().detail);
  return LogConfiguration::create(*std::move(wire));
}

Result<State> read_state(const store::Store& store, const Tables& tables) {
  KT_TRY(const auto snapshot, store.snapshot());
  KT_TRY(const auto bytes, snapshot->get(tables.state, state_key()));
  if (!bytes) return fail(Errc::corrupt, "the database does not say where the log stands");
  KT_TRY(State state, decode_record<State>(*bytes));
  if (state.full_subtrees.size() != keytrans::full_subtrees(state.size()).size())
    return fail(Errc::corrupt, "the log's state contradicts itself");
  return state;
}

}  // namespace

Result<ClosedLog> open_closed_log(const std::filesystem::path& directory,
                                  store::LmdbOptions options) {
  const Directory files{directory};
  options.create_if_missing = false;
  auto opened = store::open_lmdb_store(files.database(), options);
  if (!opened) {
    Error error = std::move(opened).error();
    if (error.code == Errc::not_found) error.detail = "there is no log in this directory";
    if (error.code == Errc::conflict)
      error.detail = "the log is open already, here or in another process";
    return tl::unexpected<Error>(std::move(error));
  }
  KT_TRY(LogConfiguration configuration, stored_configuration(**opened));
  KT_TRY(const Tables tables, Tables::open(**opened, configuration.id()));
  KT_TRY(State state, read_state(**opened, tables));
  return ClosedLog{files, std::move(configuration), *std::move(opened), tables, std::move(state)};
}

}  // namespace kt::log
