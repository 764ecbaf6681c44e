#include "closed_auditor.h"

namespace kt::auditor {

Result<ClosedAuditor> open_closed_auditor(const std::filesystem::path& directory,
                                          store::LmdbOptions options) {
  Directory files{directory};
  options.create_if_missing = false;
  auto opened = store::open_lmdb_store(files.database(), options);
  if (!opened) {
    Error error = std::move(opened).error();
    if (error.code == Errc::not_found)
      error.detail = "there is no auditor in this directory, or it is not bound to a log yet";
    if (error.code == Errc::conflict)
      error.detail = "the auditor is open already, here or in another process";
    return tl::unexpected<Error>(std::move(error));
  }
  KT_TRY(const Tables tables, Tables::open(**opened));
  KT_TRY(const auto snapshot, (*opened)->snapshot());
  KT_TRY(const auto bytes, snapshot->get(tables.state, state_key()));
  if (!bytes) return fail(Errc::corrupt, "the database does not say where the auditor stands");
  KT_TRY(State state, decode_state(*bytes));
  return ClosedAuditor{std::move(files), *std::move(opened), tables, std::move(state)};
}

}  // namespace kt::auditor
