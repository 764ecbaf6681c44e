#include "store/head_file.h"

#include <cerrno>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>

#include "keytrans/codec.h"
#include "keytrans/directory.h"
#include "keytrans/hash.h"

namespace kt::store {
namespace {

constexpr std::size_t kSlotSize = 512;
constexpr std::uint32_t kMagic = 0x4b544844;  // "KTHD"
constexpr std::uint16_t kFormat = 1;

off_t offset_of(unsigned slot) { return slot == 0 ? 0 : static_cast<off_t>(kSlotSize); }

tl::unexpected<Error> failure(const char* what) {
  const int code = errno;
  return fail(Errc::unavailable, std::string("the head file cannot be ") + what + ": " +
                                     std::generic_category().message(code));
}

template <class Io, class S>
void wire_slot(Io& io, S& s) {
  std::uint32_t magic = kMagic;
  io.number("SignedHead.magic", magic);
  io.require(magic == kMagic, "SignedHead.magic", "is not that of a head file");
  std::uint16_t format = kFormat;
  io.number("SignedHead.format", format);
  io.require(format == kFormat, "SignedHead.format", "is not one this program knows");
  io.number("SignedHead.tree_size", s.head.tree_size);
  io.template opaque<2>("SignedHead.signature", s.head.signature);
  io.fixed("SignedHead.root", s.root, s.root.size());
}

// A slot: the head, its hash, zeros.
Bytes encode_slot(const SignedHead& head) {
  keytrans::Encoder io;
  wire_slot(io, head);
  auto encoded = std::move(io).finish();
  KT_ASSERT(encoded.has_value() && encoded->size() + 2 + sizeof(HashValue) <= kSlotSize);
  const HashValue checksum = keytrans::sha256(*encoded);
  Bytes slot{static_cast<std::uint8_t>(encoded->size() >> 8U),
             static_cast<std::uint8_t>(encoded->size() & 0xffU)};
  slot.insert(slot.end(), encoded->begin(), encoded->end());
  slot.insert(slot.end(), checksum.begin(), checksum.end());
  slot.resize(kSlotSize);
  return slot;
}

std::optional<SignedHead> decode_slot(ByteView slot) {
  const std::size_t size = std::size_t{slot[0]} << 8U | slot[1];
  if (size + 2 + sizeof(HashValue) > slot.size()) return std::nullopt;
  const ByteView encoded = slot.subspan(2, size);
  if (!equal(keytrans::sha256(encoded), slot.subspan(2 + size, sizeof(HashValue))))
    return std::nullopt;
  SignedHead head;
  keytrans::Decoder io(encoded);
  wire_slot(io, head);
  if (!std::move(io).finish()) return std::nullopt;
  return head;
}

}  // namespace

HeadFile::~HeadFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

Result<HeadFile> HeadFile::create(const std::filesystem::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0) {
    if (errno == EEXIST) return fail(Errc::conflict, "there is a head file already");
    return failure("created");
  }
  HeadFile file(descriptor);
  file.slot_ = 1;
  KT_TRY(file.advance(SignedHead{}));
  return file;
}

Result<HeadFile> HeadFile::open(const std::filesystem::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  if (descriptor < 0) {
    if (errno == ENOENT)
      return fail(Errc::rejected,
                  "the head file is missing, so nothing tells that the database is no old copy");
    return failure("opened");
  }
  HeadFile file(descriptor);
  bool found = false;
  for (const unsigned slot : {0U, 1U}) {
    std::array<std::uint8_t, kSlotSize> bytes{};
    const ssize_t size = pread(descriptor, bytes.data(), bytes.size(), offset_of(slot));
    if (size < 0) return failure("read");
    if (size != static_cast<ssize_t>(bytes.size())) continue;
    const auto head = decode_slot(bytes);
    if (!head || (found && head->head.tree_size < file.highest_.head.tree_size)) continue;
    file.highest_ = *head;
    file.slot_ = slot;
    found = true;
  }
  if (!found) return fail(Errc::corrupt, "the head file holds no head");
  return file;
}

Result<void> HeadFile::replace(const std::filesystem::path& path, const SignedHead& head) {
  std::filesystem::path fresh = path;
  fresh += ".new";
  std::error_code error;
  std::filesystem::remove(fresh, error);  // what a process left that died here
  {
    KT_TRY(HeadFile file, create(fresh));
    KT_TRY(file.advance(head));
  }
  std::filesystem::rename(fresh, path, error);
  if (error) return fail(Errc::unavailable, "the head file cannot be replaced: " + error.message());
  return keytrans::sync_directory(path.parent_path());
}

Result<void> HeadFile::advance(const SignedHead& head) {
  KT_ASSERT(head.head.tree_size >= highest_.head.tree_size);
  const unsigned slot = 1 - slot_;
  const Bytes bytes = encode_slot(head);
  const ssize_t written = pwrite(descriptor_, bytes.data(), bytes.size(), offset_of(slot));
  if (written != static_cast<ssize_t>(bytes.size())) {
    if (written >= 0) errno = ENOSPC;
    return failure("written");
  }
  if (fdatasync(descriptor_) != 0) return failure("synced");
  highest_ = head;
  slot_ = slot;
  return {};
}

}  // namespace kt::store
