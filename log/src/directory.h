// Where a log's files are. Internal.
#pragma once

#include <filesystem>
#include <sys/types.h>

namespace kt::log {

struct Directory {
  std::filesystem::path path;

  [[nodiscard]] std::filesystem::path database() const { return path / "database"; }
  [[nodiscard]] std::filesystem::path head_file() const { return path / "head"; }
  [[nodiscard]] std::filesystem::path configuration() const { return path / "configuration"; }
  [[nodiscard]] std::filesystem::path signature_key() const { return path / "signature.pem"; }
  [[nodiscard]] std::filesystem::path vrf_key() const { return path / "vrf.pem"; }
};

// Permissions of the one file that is not secret.
inline constexpr mode_t kPublicFile = 0644;

// The space and table of a log's database that say which log it is.
inline constexpr const char* kLogSpace = "log";
inline constexpr const char* kLogTable = "configuration";

}  // namespace kt::log
