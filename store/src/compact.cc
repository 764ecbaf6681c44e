#include "store/compact.h"

#include <system_error>

#include "keytrans/directory.h"
#include "store/copy.h"
#include "store/lmdb_store.h"

namespace kt::store {
namespace {

constexpr const char* kDataFile = "data.mdb";

tl::unexpected<Error> failure(const char* what, const std::error_code& error) {
  return fail(Errc::unavailable, std::string(what) + ": " + error.message());
}

// Writes the records of `from` to a new store in `fresh`, which is closed again.
Result<std::uint64_t> write_anew(Store& from, const std::filesystem::path& fresh) {
  KT_TRY(const auto to, open_lmdb_store(fresh));
  return copy_store(from, *to);
}

Result<Compacted> compact(Store& from, const std::filesystem::path& path,
                          const std::filesystem::path& fresh,
                          const std::function<void(std::string_view)>& at_step) {
  const auto reached = [&](std::string_view step) {
    if (at_step) at_step(step);
  };
  std::error_code error;
  Compacted done;
  done.bytes_before = std::filesystem::file_size(path / kDataFile, error);
  if (error) return failure("the store's file", error);
  KT_TRY(done.records, write_anew(from, fresh));
  done.bytes_after = std::filesystem::file_size(fresh / kDataFile, error);
  if (error) return failure("the compacted file", error);
  reached("copied");
  // The lease stays where it is and is held until the end. The old file goes when `from` is closed.
  std::filesystem::rename(fresh / kDataFile, path / kDataFile, error);
  if (error) return failure("the store's file cannot be replaced", error);
  reached("replaced");
  KT_TRY(keytrans::sync_directory(path));
  return done;
}

}  // namespace

Result<Compacted> compact_lmdb_store(const std::filesystem::path& path,
                                     const std::function<void(std::string_view)>& at_step) {
  LmdbOptions options;
  options.create_if_missing = false;
  KT_TRY(const auto from, open_lmdb_store(path, options));
  const std::filesystem::path fresh = path / "compacted.new";
  std::error_code error;
  std::filesystem::remove_all(fresh, error);
  if (error) return failure("what was left of compacting before cannot be removed", error);
  auto done = compact(*from, path, fresh, at_step);
  std::filesystem::remove_all(fresh, error);
  return done;
}

}  // namespace kt::store
