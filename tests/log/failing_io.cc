#include "failing_io.h"

#include <array>
#include <cerrno>
#include <mutex>
#include <optional>
#include <string_view>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>

namespace kt::log {
namespace {

struct Faults {
  std::mutex mutex;
  Fault fault;
  std::size_t met = 0;

  // How the call fails, if it is one of those that do.
  std::optional<Effect> meet(Io call, int descriptor, long offset) {
    const std::lock_guard lock(mutex);
    if (met >= fault.effects.size() || call != fault.call) return std::nullopt;
    if (fault.before > 0 && offset >= fault.before) return std::nullopt;
    std::array<char, 4096> path{};
    const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
    const ssize_t size = readlink(link.c_str(), path.data(), path.size());
    if (size <= 0) return std::nullopt;
    const std::string_view name(path.data(), static_cast<std::size_t>(size));
    if (!name.ends_with("/" + fault.file)) return std::nullopt;
    return fault.effects[met++];
  }
};

Faults& faults() {
  static Faults all;
  return all;
}

}  // namespace

void fail_io(Fault fault) {
  const std::lock_guard lock(faults().mutex);
  faults().fault = std::move(fault);
  faults().met = 0;
}

std::size_t end_io_faults() {
  const std::lock_guard lock(faults().mutex);
  faults().fault = {};
  return std::exchange(faults().met, 0);
}

}  // namespace kt::log

extern "C" ssize_t pwrite(int descriptor, const void* data, std::size_t size, off_t offset) {
  const auto failure = kt::log::faults().meet(kt::log::Io::pwrite, descriptor, offset);
  ssize_t written = -1;
  if (failure != kt::log::Effect::none)
    written = syscall(SYS_pwrite64, descriptor, data, size, offset);
  if (!failure) return written;
  errno = EIO;
  return -1;
}

extern "C" int fdatasync(int descriptor) {
  const auto failure = kt::log::faults().meet(kt::log::Io::fdatasync, descriptor, 0);
  if (!failure) return static_cast<int>(syscall(SYS_fdatasync, descriptor));
  errno = EIO;
  return -1;
}
