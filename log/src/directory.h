// Where a log's files are. Internal.
#pragma once

#include <filesystem>

namespace kt::log {

struct Directory {
  std::filesystem::path path;

  [[nodiscard]] std::filesystem::path database() const { return path / "database"; }
  [[nodiscard]] std::filesystem::path head_file() const { return path / "head"; }
  [[nodiscard]] std::filesystem::path signature_key() const { return path / "signature.pem"; }
  [[nodiscard]] std::filesystem::path vrf_key() const { return path / "vrf.pem"; }
};

// The space and table of a log's database that say which log it is.
inline constexpr const char* kLogSpace = "log";
inline constexpr const char* kLogTable = "configuration";

}  // namespace kt::log
