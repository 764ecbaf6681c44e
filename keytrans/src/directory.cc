#include "keytrans/directory.h"

#include <cerrno>
#include <fcntl.h>
#include <string>
#include <system_error>
#include <unistd.h>

namespace kt::keytrans {

Result<void> sync_directory(const std::filesystem::path& directory) {
  const char* const path = directory.empty() ? "." : directory.c_str();
  const int descriptor = ::open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = descriptor >= 0 && ::fsync(descriptor) == 0;
  const int code = errno;
  if (descriptor >= 0) ::close(descriptor);
  if (synced) return {};
  return fail(Errc::unavailable,
              "a directory cannot be synced: " + std::generic_category().message(code));
}

}  // namespace kt::keytrans
