#include "small_disk.h"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <sched.h>
#include <stdexcept>
#include <string>
#include <sys/mount.h>
#include <system_error>
#include <unistd.h>

namespace kt::log {
namespace {

std::string size_option(std::uint64_t size) { return "mode=0700,size=" + std::to_string(size); }

tl::unexpected<Error> failure(const char* what) {
  const int code = errno;
  return fail(Errc::unavailable, std::string(what) + ": " + std::generic_category().message(code));
}

// Makes this user the root of a user namespace, who may mount in it.
Result<void> become_root_of_namespace() {
  const uid_t user = geteuid();
  const gid_t group = getegid();
  if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return failure("no user namespace can be made");
  const auto write = [](const char* file, const std::string& text) { std::ofstream(file) << text; };
  write("/proc/self/setgroups", "deny");
  write("/proc/self/uid_map", "0 " + std::to_string(user) + " 1");
  write("/proc/self/gid_map", "0 " + std::to_string(group) + " 1");
  return {};
}

}  // namespace

Result<SmallDisk> SmallDisk::mount(const std::filesystem::path& path, std::uint64_t size) {
  if (unshare(CLONE_NEWNS) != 0) {
    KT_TRY(become_root_of_namespace());
  }
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      ::mount("tmpfs", path.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, size_option(size).c_str()) != 0)
    return failure("nothing can be mounted");
  return SmallDisk(path);
}

void SmallDisk::resize(std::uint64_t size) const {
  if (::mount("tmpfs", path_.c_str(), "tmpfs", MS_REMOUNT | MS_NOSUID | MS_NODEV,
              size_option(size).c_str()) != 0)
    throw std::system_error(errno, std::generic_category(), "remount");
}

void SmallDisk::fill() const {
  const int descriptor =
      open((path_ / "filler").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (descriptor < 0) throw std::system_error(errno, std::generic_category(), "filler");
  const std::array<char, 4096> page{};
  while (write(descriptor, page.data(), page.size()) > 0) continue;
  const int code = errno;
  close(descriptor);
  if (code != ENOSPC) throw std::system_error(code, std::generic_category(), "filler");
}

void SmallDisk::clear() const { std::filesystem::remove(path_ / "filler"); }

}  // namespace kt::log
