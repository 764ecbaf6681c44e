#include "store/new_directory.h"

#include <system_error>

#include "keytrans/directory.h"

namespace kt::store {
namespace {

Result<void> complete(const std::filesystem::path& unfinished, const std::filesystem::path& path,
                      const std::function<Result<void>(const std::filesystem::path&)>& fill) {
  std::error_code error;
  std::filesystem::permissions(unfinished, std::filesystem::perms::owner_all, error);
  if (!error) {
    KT_TRY(fill(unfinished));
    KT_TRY(keytrans::sync_directory(unfinished));
    std::filesystem::rename(unfinished, path, error);
  }
  if (error) return fail(Errc::unavailable, "the new directory: " + error.message());
  return keytrans::sync_directory(path.parent_path());
}

}  // namespace

Result<void> make_directory(const std::filesystem::path& path,
                            const std::function<Result<void>(const std::filesystem::path&)>& fill) {
  // Without a slash at its end.
  const std::filesystem::path directory = path.has_filename() ? path : path.parent_path();
  std::error_code error;
  if (std::filesystem::exists(std::filesystem::symlink_status(directory, error)))
    return fail(Errc::conflict, "there is something at the new directory already");
  std::filesystem::path unfinished = directory;
  unfinished += ".new";
  if (!std::filesystem::create_directory(unfinished, error)) {
    return fail(error ? Errc::unavailable : Errc::conflict,
                error ? "the new directory: " + error.message()
                      : "an unfinished directory, whose name ends in .new, is in the way");
  }
  auto made = complete(unfinished, directory, fill);
  if (!made) {
    std::error_code ignored;
    std::filesystem::remove_all(unfinished, ignored);
  }
  return made;
}

}  // namespace kt::store
