#include "local_socket.h"

#include <algorithm>
#include <cerrno>
#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace kt::gateway {
namespace {

constexpr mode_t kOwnerOnly = 0600;
constexpr mode_t kOwnerAndGroup = 0660;
// Names of a group's members, which nobody asked for, take room.
constexpr std::size_t kMaxGroupSize = std::size_t{1} << 20;

tl::unexpected<Error> refused(const char* what) {
  return fail(Errc::unavailable, std::string(what) + ": " + std::generic_category().message(errno));
}

// Whether somebody takes connections at `path`. What cannot be told is taken for yes.
bool is_live(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string& name = path.native();
  if (name.size() > kMaxSocketPathSize) return true;
  std::copy(name.begin(), name.end(), &address.sun_path[0]);
  const int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) return true;
  // The interface of the system.
  const int code =
      connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  const bool is_refused = code != 0 && errno == ECONNREFUSED;
  close(descriptor);
  return !is_refused;
}

Result<gid_t> find_group(const std::string& name) {
  std::vector<char> buffer(1024);
  group found{};
  group* result = nullptr;
  int code = getgrnam_r(name.c_str(), &found, buffer.data(), buffer.size(), &result);
  while (code == ERANGE && buffer.size() < kMaxGroupSize) {
    buffer.resize(buffer.size() * 2);
    code = getgrnam_r(name.c_str(), &found, buffer.data(), buffer.size(), &result);
  }
  if (code != 0)
    return fail(Errc::unavailable,
                "groups cannot be looked up: " + std::generic_category().message(code));
  if (result == nullptr) return fail(Errc::not_found, "there is no group " + name);
  return result->gr_gid;
}

}  // namespace

Result<void> remove_stale_socket(const std::filesystem::path& path) {
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return {};
    return refused("it cannot be looked at");
  }
  if (!S_ISSOCK(status.st_mode)) return fail(Errc::rejected, "what is there is no socket");
  if (is_live(path)) return fail(Errc::conflict, "another process takes connections there");
  if (unlink(path.c_str()) != 0 && errno != ENOENT)
    return refused("an old socket cannot be removed");
  return {};
}

Result<void> set_socket_access(const std::filesystem::path& path,
                               const std::optional<std::string>& group) {
  if (group) {
    KT_TRY(const gid_t id, find_group(*group));
    if (lchown(path.c_str(), static_cast<uid_t>(-1), id) != 0)
      return refused("its group cannot be set");
  }
  if (chmod(path.c_str(), group ? kOwnerAndGroup : kOwnerOnly) != 0)
    return refused("its permissions cannot be set");
  return {};
}

}  // namespace kt::gateway
