#include "refusal.h"

#include <fstream>
#include <iterator>
#include <system_error>

#include "keytrans/codec.h"
#include "keytrans/directory.h"
#include "store/files.h"

namespace kt::auditor {
namespace {

constexpr std::uint32_t kMagic = 0x4b545255;  // "KTRU"
constexpr std::uint16_t kFormat = 1;
// An update of 16 MiB and the rest, which is small.
constexpr std::uintmax_t kMaxFileSize = std::uintmax_t{17} << 20;

template <class Io, class S, class Text>
void wire_refusal(Io& io, S& s, Text& reason) {
  std::uint32_t magic = kMagic;
  io.number("Refusal.magic", magic);
  io.require(magic == kMagic, "Refusal.magic", "is not that of a refused entry");
  std::uint16_t format = kFormat;
  io.number("Refusal.format", format);
  io.require(format == kFormat, "Refusal.format", "is not one this program knows");
  io.number("Refusal.entry", s.entry);
  io.template opaque<2>("Refusal.reason", reason);
  io.template opaque<4>("Refusal.auditor", s.auditor);
  io.template opaque<4>("Refusal.update", s.update);
}

Result<Refusal> read_refusal(const std::filesystem::path& path) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (error || size > kMaxFileSize) return fail(Errc::corrupt, "the file has no such size");
  std::ifstream file(path, std::ios::binary);
  const Bytes bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  return parse_refusal(bytes);
}

bool is_refusal(const std::string& name) {
  return name.starts_with("rejected-") && name.ends_with(".bin");
}

}  // namespace

std::string Refusal::text() const {
  return "the log's entry " + std::to_string(entry.value()) + " was refused: " + reason;
}

Result<void> keep_refusal(const Directory& directory, const Refusal& refusal) {
  const Bytes reason = to_bytes(refusal.reason);
  keytrans::Encoder io;
  wire_refusal(io, refusal, reason);
  KT_TRY(const Bytes bytes, std::move(io).finish());
  KT_TRY(store::write_new_file(directory.refusal(refusal.entry), bytes, 0600));
  return keytrans::sync_directory(directory.path);
}

Result<Refusal> parse_refusal(ByteView bytes) {
  Refusal refusal;
  Bytes reason;
  keytrans::Decoder io(bytes);
  wire_refusal(io, refusal, reason);
  if (auto finished = std::move(io).finish(); !finished)
    return fail(Errc::corrupt, finished.error().detail);
  refusal.reason.assign(reason.begin(), reason.end());
  return refusal;
}

Result<std::optional<std::string>> find_refusal(const Directory& directory) {
  std::error_code error;
  std::filesystem::directory_iterator files(directory.path, error);
  for (; !error && files != std::filesystem::directory_iterator(); files.increment(error)) {
    const std::string name = files->path().filename().string();
    if (!is_refusal(name)) continue;
    const auto refusal = read_refusal(files->path());
    if (refusal) return std::optional<std::string>(refusal->text());
    return std::optional<std::string>("an entry of the log was refused, but " + name +
                                      " cannot be read: " + refusal.error().detail);
  }
  if (error) return fail(Errc::unavailable, "the auditor's directory: " + error.message());
  return std::optional<std::string>();
}

}  // namespace kt::auditor
