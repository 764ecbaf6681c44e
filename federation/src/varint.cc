#include "varint.h"

#include <string>

namespace kt::federation {

Result<std::uint64_t> VarintReader::number(const char* field) {
  if (at_end()) return refuse(field, "is cut short");
  const std::size_t size = std::size_t{1} << (input_[offset_] >> 6U);
  KT_TRY(const ByteView bytes, take(field, size));
  std::uint64_t value = bytes[0] & 0x3fU;
  for (const std::uint8_t byte : bytes.subspan(1)) value = value << 8U | byte;
  return value;
}

Result<ByteView> VarintReader::take(const char* field, std::uint64_t size) {
  if (size > input_.size() - offset_) return refuse(field, "is cut short");
  const ByteView taken = input_.subspan(offset_, static_cast<std::size_t>(size));
  offset_ += taken.size();
  return taken;
}

Result<ByteView> VarintReader::prefixed(const char* field, std::uint64_t limit) {
  const VarintReader before = *this;
  KT_TRY(const std::uint64_t size, number(field));
  if (size > limit) return before.refuse(field, "is too long");
  return take(field, size);
}

tl::unexpected<Error> VarintReader::refuse(const char* field, const char* reason) const {
  return fail(Errc::malformed,
              std::string(field) + " at byte " + std::to_string(offset_) + " " + reason);
}

void append_varint(Bytes& out, std::uint64_t value) {
  KT_ASSERT(value <= kMaxVarint);
  unsigned log_size = 0;
  while (log_size < 3 && value >> ((8U << log_size) - 2) != 0) ++log_size;
  const std::size_t size = std::size_t{1} << log_size;
  for (std::size_t i = size; i > 0; --i) {
    const auto byte = static_cast<std::uint8_t>(value >> (8 * (i - 1)));
    out.push_back(i == size ? static_cast<std::uint8_t>(byte | log_size << 6U) : byte);
  }
}

void append_prefixed(Bytes& out, ByteView bytes) {
  append_varint(out, bytes.size());
  out.insert(out.end(), bytes.begin(), bytes.end());
}

}  // namespace kt::federation
