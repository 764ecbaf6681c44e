// Where an auditor's files are. Internal.
#pragma once

#include <filesystem>
#include <string>

#include "keytrans/types.h"

namespace kt::auditor {

struct Directory {
  std::filesystem::path path;

  [[nodiscard]] std::filesystem::path key() const { return path / "auditor.pem"; }
  [[nodiscard]] std::filesystem::path database() const { return path / "database"; }
  [[nodiscard]] std::filesystem::path head_file() const { return path / "head"; }
  [[nodiscard]] std::filesystem::path refusal(EntryIndex entry) const {
    return path / ("rejected-" + std::to_string(entry.value()) + ".bin");
  }
};

}  // namespace kt::auditor
