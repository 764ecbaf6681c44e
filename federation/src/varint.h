// What is framed with QUIC's variable-length integers, read and written.
//
// A `VarintReader` is a cursor over borrowed bytes. Every read says what it could not read and
// where; nothing is allocated for a length.
//
// Source: RFC 9000, Section 16. Thread rule: one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>

#include "keytrans/bytes.h"
#include "keytrans/result.h"

namespace kt::federation {

inline constexpr std::uint64_t kMaxVarint = (std::uint64_t{1} << 62U) - 1;

class VarintReader {
 public:
  explicit VarintReader(ByteView input) : input_(input) {}

  [[nodiscard]] bool at_end() const { return offset_ == input_.size(); }
  [[nodiscard]] ByteView rest() const { return input_.subspan(offset_); }

  // One integer. Errors: malformed when it is cut short.
  [[nodiscard]] Result<std::uint64_t> number(const char* field);

  // The next `size` bytes. Errors: malformed when there are not as many.
  [[nodiscard]] Result<ByteView> take(const char* field, std::uint64_t size);

  // Bytes behind their length. Errors: malformed when they are cut short or more than `limit`.
  [[nodiscard]] Result<ByteView> prefixed(const char* field, std::uint64_t limit);

  // An error about `field`, which begins at the cursor.
  [[nodiscard]] tl::unexpected<Error> refuse(const char* field, const char* reason) const;

 private:
  ByteView input_;
  std::size_t offset_ = 0;
};

// In the fewest bytes. Requires: value <= kMaxVarint.
void append_varint(Bytes& out, std::uint64_t value);

// `bytes` behind their length.
void append_prefixed(Bytes& out, ByteView bytes);

}  // namespace kt::federation
