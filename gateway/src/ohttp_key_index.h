// Which keys for Oblivious HTTP a gateway has on disk, in which order, and since when they are
// used: the file `index` beside them. Internal.
//
// Format: docs/formats.md. Thread rule: plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "keytrans/bytes.h"
#include "keytrans/result.h"
#include "keytrans/types.h"

namespace kt::gateway {

struct StoredOhttpKey {
  std::uint8_t key_id;
  // Nothing while clients could not have learned of it.
  std::optional<Timestamp> active_from;

  friend bool operator==(const StoredOhttpKey&, const StoredOhttpKey&) = default;
};

struct OhttpKeyIndex {
  // At most: the one in use, one before and one after it.
  static constexpr std::size_t kMaxKeys = 3;

  std::uint8_t next_id = 0;          // of the next key
  std::vector<StoredOhttpKey> keys;  // in the order in which they were made

  [[nodiscard]] Result<Bytes> encode() const;
  // Errors: malformed for what is no index of such a directory: two keys have one id, or the next
  // one would have that of another one, or another key than the last is not in use yet.
  static Result<OhttpKeyIndex> decode(ByteView bytes);

  friend bool operator==(const OhttpKeyIndex&, const OhttpKeyIndex&) = default;
};

}  // namespace kt::gateway
