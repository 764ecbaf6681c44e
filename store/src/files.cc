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

Result<Bytes> read_up_to(int descriptor, std::size_t max_size) {
  struct stat status {};
  if (fstat(descriptor, &status) != 0) return failure(Errc::unavailable, "it cannot be examined");
  if (!S_ISREG(status.st_mode)) return fail(Errc::rejected, "it is not a regular file");
  if (static_cast<std::uint64_t>(status.st_size) > max_size)
    return fail(Errc::malformed, "it is larger than " + std::to_string(max_size) + " bytes");
  // A file may grow meanwhile; what it had is enough.
  Bytes contents(static_cast<std::size_t>(status.st_size));
  std::size_t size = 0;
  while (size < contents.size()) {
    const ssize_t got = read(descriptor, contents.data() + size, contents.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failure(Errc::unavailable, "it cannot be read");
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  contents.resize(size);
  return contents;
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

Result<Bytes> read_small_file(const std::filesystem::path& path, std::size_t max_size) {
  // Not blocking, so that a FIFO is refused instead of waited for.
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0)
    return failure(errno == ENOENT ? Errc::not_found : Errc::unavailable, "it cannot be opened");
  auto contents = read_up_to(descriptor, max_size);
  close(descriptor);
  return contents;
}

}  // namespace kt::store
