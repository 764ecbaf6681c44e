// A real file system with little room, for as long as the process lives that mounts it.
//
// It is a tmpfs in a mount namespace of the process's own: nobody else sees it, and the system
// takes it down. For processes with one thread, which are about to end: a child that a test forks.
#pragma once

#include <cstdint>
#include <filesystem>

#include "keytrans/result.h"

namespace kt::log {

class SmallDisk {
 public:
  // Mounts `size` bytes at the directory `path`. As root, or in a user namespace of its own.
  // Errors: unavailable when the system does not let this process mount anything.
  static Result<SmallDisk> mount(const std::filesystem::path& path, std::uint64_t size);

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  // Gives it another size. Throws when the system refuses.
  void resize(std::uint64_t size) const;

  // Takes all the room there is, or gives it back. Throws when the system refuses.
  void fill() const;
  void clear() const;

 private:
  explicit SmallDisk(std::filesystem::path path) : path_(std::move(path)) {}

  std::filesystem::path path_;
};

}  // namespace kt::log
