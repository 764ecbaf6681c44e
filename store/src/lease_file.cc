#include "lease_file.h"

#include <cerrno>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>

namespace kt::store {

Result<LeaseFile> LeaseFile::take(const std::filesystem::path& path) {
  const int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0)
    return fail(Errc::unavailable,
                "the lease file cannot be opened: " + std::generic_category().message(errno));
  LeaseFile lease(descriptor);
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  if (fcntl(descriptor, F_OFD_SETLK, &lock) == 0) return lease;
  if (errno == EAGAIN || errno == EACCES)
    return fail(Errc::conflict, "the store is open already, here or in another process");
  return fail(Errc::unavailable,
              "the lease file cannot be locked: " + std::generic_category().message(errno));
}

LeaseFile::~LeaseFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

}  // namespace kt::store
