// What the domains of a gateway have published, on disk: the current directory document of each,
// and while another one is being published, that one too. Internal.
//
// A document is made once, and found again after a crash: its epoch may be in a log by then.
//
// Blocking. Thread rule: one thread.
#pragma once

#include <filesystem>
#include <optional>

#include "federation/directory_document.h"

namespace kt::gateway {

class DirectoryFiles {
 public:
  // Makes `directory`, for its owner only, when it is not there. Errors: unavailable when the
  // system refuses.
  static Result<DirectoryFiles> open(std::filesystem::path directory);

  // Nothing when there is none. Errors: those of DirectoryDocument::parse(), of what was put there
  // by somebody else; unavailable when the system refuses.
  Result<std::optional<federation::DirectoryDocument>> current(
      const federation::Domain& domain) const;
  Result<std::optional<federation::DirectoryDocument>> next(const federation::Domain& domain) const;

  // Replaces what is next. Durable when it returns. Errors: unavailable when the system refuses.
  Result<void> put_next(const federation::DirectoryDocument& document) const;
  // What is next is current from now on. Requires: there is one. Errors: as above.
  Result<void> promote(const federation::Domain& domain) const;

 private:
  explicit DirectoryFiles(std::filesystem::path directory) : directory_(std::move(directory)) {}

  [[nodiscard]] std::filesystem::path file(const federation::Domain& domain,
                                           std::string_view suffix) const;
  static Result<std::optional<federation::DirectoryDocument>> read(
      const std::filesystem::path& file, const federation::Domain& domain);
  Result<void> rename(const std::filesystem::path& from, const std::filesystem::path& to) const;

  std::filesystem::path directory_;
};

}  // namespace kt::gateway
