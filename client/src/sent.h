// What an owner has sent to be published under one label, and where it was found, as it is kept:
// hashes alone. Internal.
//
// Format: Sent in docs/client.md. Thread rule: plain values.
#pragma once

#include <cstddef>
#include <vector>

#include "keytrans/bytes.h"
#include "keytrans/result.h"
#include "keytrans/types.h"

namespace kt::client {

struct FoundValue {
  HashValue log{};
  Version version;
  HashValue value{};  // its SHA-256

  friend bool operator==(const FoundValue&, const FoundValue&) = default;
};

struct Sent {
  static constexpr std::size_t kMaxValues = 4;  // the last ones
  static constexpr std::size_t kMaxFound = 16;  // the last ones

  std::vector<HashValue> values;  // SHA-256 of what is not settled
  std::vector<FoundValue> found;

  [[nodiscard]] Result<Bytes> encode() const;
  // Errors: corrupt for bytes that encode() did not write.
  static Result<Sent> decode(ByteView bytes);

  friend bool operator==(const Sent&, const Sent&) = default;
};

}  // namespace kt::client
