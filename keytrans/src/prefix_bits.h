// Keys of the prefix tree as strings of bits, most significant bit of the first byte first.
#pragma once

#include <algorithm>
#include <functional>

#include "keytrans/bytes.h"

namespace kt::keytrans {

// Bit `depth` of `key`: which child of a node at `depth` leads to it. Requires: depth < 256.
[[nodiscard]] inline bool key_bit(const HashValue& key, unsigned depth) {
  return (key[depth / 8] >> (7 - depth % 8) & 1) == 1;
}

// Whether the first `depth` bits of `a` and `b` are the same. Requires: depth <= 256.
[[nodiscard]] inline bool share_prefix(const HashValue& a, const HashValue& b, unsigned depth) {
  const unsigned whole = depth / 8;
  if (!std::equal(a.begin(), a.begin() + whole, b.begin())) return false;
  const unsigned rest = depth % 8;
  return rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0;
}

// Where, in a range ascending by `key` whose keys share `depth` bits, those whose next bit is 1
// start. `key` is a pointer to the member that holds it.
template <class Range, class Key>
[[nodiscard]] auto split_at_bit(const Range& range, unsigned depth, Key key) {
  return std::partition_point(range.begin(), range.end(), [depth, key](const auto& entry) {
    return !key_bit(std::invoke(key, entry), depth);
  });
}

}  // namespace kt::keytrans
