// The file of a unix socket: who may connect, and what to do with one that is there already.
// Internal. The functions are blocking.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <sys/un.h>

#include "keytrans/result.h"

namespace kt::gateway {

// Bytes that the path of a socket may have: unix(7).
inline constexpr std::size_t kMaxSocketPathSize = sizeof(sockaddr_un::sun_path) - 1;

// Removes the socket at `path` that a process has left which died, if there is one.
// Errors: conflict when somebody takes connections there; rejected when what is there is no socket;
// unavailable when the system refuses.
Result<void> remove_stale_socket(const std::filesystem::path& path);

// Lets this user alone connect to the socket at `path`, or with `group` its members, too.
// Errors: not_found when there is no such group; unavailable when the system refuses.
Result<void> set_socket_access(const std::filesystem::path& path,
                               const std::optional<std::string>& group);

}  // namespace kt::gateway
