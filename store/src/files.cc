#include "store/files.h"

#include <cerrno>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace kt::store {
namespace {

tl::unexpected<Error> failure(Errc code, const std::string& what) {
  const int error = errno;
  return fail(code, what + ": " + std::generic_category().message(error));
}

bool write_all(int descriptor, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

Result<void> write_new_file(const std::filesystem::path& path, ByteView contents, mode_t mode) {
  const std::string name = path.filename().string();
  const int descriptor =
      open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
  if (descriptor < 0)
    return failure(errno == EEXIST ? Errc::conflict : Errc::unavailable,
                   name + " cannot be created");
  // The umask may have taken some of the permissions.
  const bool written =
      fchmod(descriptor, mode) == 0 && write_all(descriptor, contents) && fsync(descriptor) == 0;
  const int code = errno;
  close(descriptor);
  if (written) return {};
  unlink(path.c_str());
  errno = code;
  return failure(Errc::unavailable, name + " cannot be written");
}

}  // namespace kt::store
