// The head file of a log. The input is edits of one that a log has written; the two lowest bits of
// its first byte say of which slots the checksum is put right afterwards. What is opened must hold
// a head that the log would have written there.

#include "store/head_file.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "keytrans/hash.h"
#include "must.h"
#include "mutation.h"
#include "scratch_directory.h"

namespace {

using namespace kt;
using namespace kt::store;

constexpr std::size_t kSlotSize = 512;

// Heads are flushed when they are written: in memory that costs nothing.
std::filesystem::path parent_directory() {
  const std::filesystem::path memory = "/dev/shm";
  return std::filesystem::is_directory(memory) ? memory : std::filesystem::temp_directory_path();
}

std::filesystem::path head_file() {
  static const ScratchDirectory directory(parent_directory());
  return directory.path() / "head";
}

Bytes read_file() {
  std::ifstream file(head_file(), std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void write_file(const Bytes& bytes) {
  std::ofstream file(head_file(), std::ios::binary | std::ios::trunc);
  file.write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  KT_ASSERT(file.good());
}

SignedHead head_of(std::uint64_t size) {
  SignedHead head;
  head.head = {TreeSize{size}, Bytes(64, static_cast<std::uint8_t>(size))};
  head.root.fill(static_cast<std::uint8_t>(size));
  return head;
}

Bytes honest_file() {
  auto file = must(HeadFile::create(head_file()));
  must(file.advance(head_of(1)));
  must(file.advance(head_of(2)));
  return read_file();
}

// The bytes of a slot up to its checksum, or nothing if its length does not leave room for one.
ByteView sealed_part(ByteView slot) {
  if (slot.size() < kSlotSize) return {};
  const std::size_t size = (std::size_t{slot[0]} << 8U | slot[1]) + 2;
  return size + sizeof(HashValue) <= kSlotSize ? slot.first(size) : ByteView{};
}

ByteView slot_of(const Bytes& file, std::size_t slot) {
  const std::size_t start = std::min(file.size(), slot * kSlotSize);
  return ByteView(file).subspan(start, std::min(kSlotSize, file.size() - start));
}

void seal(Bytes& file, std::size_t slot) {
  const ByteView part = sealed_part(slot_of(file, slot));
  if (part.empty()) return;
  const HashValue checksum = keytrans::sha256(part.subspan(2));
  std::copy(checksum.begin(), checksum.end(),
            file.begin() + static_cast<std::ptrdiff_t>(slot * kSlotSize + part.size()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Bytes honest = honest_file();
  if (size == 0) return 0;
  Bytes attacked = keytrans::edit(honest, {data + 1, size - 1});
  for (const std::size_t slot : {std::size_t{0}, std::size_t{1}}) {
    if ((data[0] >> slot & 1U) != 0) seal(attacked, slot);
  }
  write_file(attacked);
  SignedHead highest;
  {
    auto file = HeadFile::open(head_file());
    if (attacked == honest) KT_ASSERT(file.has_value() && file->highest() == head_of(2));
    if (!file) {
      KT_ASSERT(file.error().code == Errc::corrupt);
      return 0;
    }
    highest = file->highest();
    must(file->advance(highest));
  }
  // One slot is what was attacked, the other what the log makes of it.
  const Bytes written = read_file();
  KT_ASSERT(!sealed_part(slot_of(written, 0)).empty());
  KT_ASSERT(equal(sealed_part(slot_of(written, 0)), sealed_part(slot_of(written, 1))));
  KT_ASSERT(must(HeadFile::open(head_file())).highest() == highest);
  return 0;
}
