#include "keytrans/key_file.h"

#include <cerrno>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "keytrans/directory.h"

namespace kt::keytrans {
namespace {

constexpr mode_t kOwnerOnly = S_IRUSR | S_IWUSR;

// Closes the file it holds.
class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }

  [[nodiscard]] bool is_open() const { return fd_ >= 0; }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

[[nodiscard]] tl::unexpected<Error> system_failure(Errc code, const char* what) {
  const int error = errno;
  return fail(code, std::string(what) + ": " + std::generic_category().message(error));
}

Result<void> write_all(int fd, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_failure(Errc::unavailable, "cannot write the key file");
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

// Reads until `buffer` is full or the file ends. Result: the number of bytes read.
Result<std::size_t> read_up_to(int fd, std::span<std::uint8_t> buffer) {
  std::size_t size = 0;
  while (size < buffer.size()) {
    const ssize_t got = ::read(fd, buffer.data() + size, buffer.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_failure(Errc::unavailable, "cannot read the key file");
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  return size;
}

// The mode is set again because the process's umask may have taken the owner's bits.
Result<void> write_and_sync(int fd, ByteView bytes) {
  if (::fchmod(fd, kOwnerOnly) != 0)
    return system_failure(Errc::unavailable, "cannot protect the key file");
  KT_TRY(write_all(fd, bytes));
  if (::fsync(fd) != 0) return system_failure(Errc::unavailable, "cannot sync the key file");
  return {};
}

Result<void> require_private_file(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0)
    return system_failure(Errc::unavailable, "cannot examine the key file");
  if (!S_ISREG(status.st_mode)) return fail(Errc::rejected, "the key file is not a regular file");
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return fail(Errc::rejected, "group or others have permissions on the key file");
  return {};
}

}  // namespace

Result<void> store_key_file(const std::filesystem::path& path, const SecretBytes& pem) {
  if (pem.size() > kMaxKeyFileSize) return fail(Errc::malformed, "the key is too large for a file");
  const FileDescriptor file(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kOwnerOnly));
  if (!file.is_open())
    return system_failure(errno == EEXIST ? Errc::conflict : Errc::unavailable,
                          "cannot create the key file");
  auto stored = write_and_sync(file.get(), pem.view());
  if (stored) stored = sync_directory(path.parent_path());
  if (!stored) ::unlink(path.c_str());
  return stored;
}

Result<SecretBytes> load_key_file(const std::filesystem::path& path) {
  // Not blocking, so that a FIFO is refused below instead of waited for.
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.is_open())
    return system_failure(errno == ENOENT ? Errc::not_found : Errc::unavailable,
                          "cannot open the key file");
  KT_TRY(require_private_file(file.get()));
  SecretBytes contents(kMaxKeyFileSize + 1);
  KT_TRY(const std::size_t size, read_up_to(file.get(), contents.writable()));
  if (size > kMaxKeyFileSize) return fail(Errc::malformed, "the key file is too large");
  contents.shorten(size);
  return contents;
}

}  // namespace kt::keytrans
