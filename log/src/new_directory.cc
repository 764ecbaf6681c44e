#include "new_directory.h"

#include <system_error>

#include "keytrans/directory.h"

namespace kt::log {
namespace {

Result<void> complete(const std::filesystem::path& unfinished, const std::filesystem::path& path,
                      const std::function<Result<void>(const Directory&)>& fill) {
  std::error_code error;
  std::filesystem::permissions(unfinished, std::filesystem::perms::owner_all, error);
  if (!error) {
    KT_TRY(fill(Directory{unfinished}));
    KT_TRY(keytrans::sync_directory(unfinished));
    std::filesystem::rename(unfinished, path, error);
  }
  if (error) return fail(Errc::unavailable, "the new log's directory: " + error.message());
  return keytrans::sync_directory(path.parent_path());
}

}  // namespace

Result<void> make_directory(const std::filesystem::path& path,
                            const std::function<Result<void>(const Directory&)>& fill) {
  // Without a slash at its end.
  const std::filesystem::path directory = path.has_filename() ? path : path.parent_path();
  std::error_code error;
  if (std::filesystem::exists(std::filesystem::symlink_status(directory, error)))
    return fail(Errc::conflict, "there is something at the new log's directory already");
  std::filesystem::path unfinished = directory;
  unfinished += ".new";
  if (!std::filesystem::create_directory(unfinished, error)) {
    return fail(error ? Errc::unavailable : Errc::conflict,
                error ? "the new log's directory: " + error.message()
                      : "the directory of an unfinished log, which ends in .new, is in the way");
  }
  auto made = complete(unfinished, directory, fill);
  if (!made) {
    std::error_code ignored;
    std::filesystem::remove_all(unfinished, ignored);
  }
  return made;
}

}  // namespace kt::log
