#include "directory_files.h"

#include <system_error>

#include "keytrans/directory.h"
#include "store/files.h"
#include "store/new_directory.h"

namespace kt::gateway {
namespace {

using federation::DirectoryDocument;
using federation::Domain;

constexpr std::string_view kCurrent = ".json";
constexpr std::string_view kNext = ".json.next";
constexpr std::string_view kUnfinished = ".json.new";
constexpr mode_t kMode = 0600;

}  // namespace

Result<DirectoryFiles> DirectoryFiles::open(std::filesystem::path directory) {
  std::error_code error;
  const bool is_there = std::filesystem::is_directory(directory, error);
  if (!is_there) {
    KT_TRY(store::make_directory(directory,
                                 [](const std::filesystem::path&) -> Result<void> { return {}; }));
  }
  return DirectoryFiles(std::move(directory));
}

// The text of a Domain has letters, digits, hyphens and dots, and does not begin with a dot. No two
// domains have a file in common, as each suffix ends in a way of its own.
std::filesystem::path DirectoryFiles::file(const Domain& domain, std::string_view suffix) const {
  return directory_ / (std::string(domain.text()) + std::string(suffix));
}

Result<std::optional<DirectoryDocument>> DirectoryFiles::read(const std::filesystem::path& file,
                                                              const Domain& domain) {
  const auto bytes = store::read_small_file(file, DirectoryDocument::kMaxSize);
  if (!bytes) {
    if (bytes.error().code == Errc::not_found) return std::nullopt;
    return fail_in(file.string(), bytes.error());
  }
  auto document = DirectoryDocument::parse(
      {reinterpret_cast<const char*>(bytes->data()), bytes->size()}, domain);
  if (!document) return fail_in(file.string(), std::move(document).error());
  return *std::move(document);
}

Result<std::optional<DirectoryDocument>> DirectoryFiles::current(const Domain& domain) const {
  return read(file(domain, kCurrent), domain);
}

Result<std::optional<DirectoryDocument>> DirectoryFiles::next(const Domain& domain) const {
  return read(file(domain, kNext), domain);
}

Result<void> DirectoryFiles::put_next(const DirectoryDocument& document) const {
  const Domain& domain = document.directory().domain;
  const std::filesystem::path unfinished = file(domain, kUnfinished);
  std::error_code ignored;
  std::filesystem::remove(unfinished, ignored);
  KT_TRY(store::write_new_file(unfinished, to_bytes(document.text()), kMode));
  return rename(unfinished, file(domain, kNext));
}

Result<void> DirectoryFiles::promote(const Domain& domain) const {
  return rename(file(domain, kNext), file(domain, kCurrent));
}

Result<void> DirectoryFiles::rename(const std::filesystem::path& from,
                                    const std::filesystem::path& to) const {
  std::error_code error;
  std::filesystem::rename(from, to, error);
  if (error) return fail(Errc::unavailable, to.string() + ": " + error.message());
  return keytrans::sync_directory(directory_);
}

}  // namespace kt::gateway
