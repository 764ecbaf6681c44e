// What a log has to make up: openings, and leaves that stand for nothing.
//
// Thread rule: any thread.
#pragma once

#include <array>
#include <span>

#include "keytrans/prefix_proof.h"
#include "keytrans/result.h"

namespace kt::keytrans {

// Fills `out` from the system's randomness. Errors: unavailable when it has none to give.
Result<void> fill_random(std::span<std::uint8_t> out);

template <std::size_t N>
Result<std::array<std::uint8_t, N>> random_bytes() {
  std::array<std::uint8_t, N> bytes{};
  KT_TRY(fill_random(bytes));
  return bytes;
}

// A leaf that stands for nothing and cannot be told from one that does. Errors: as above.
Result<PrefixLeaf> padding_leaf();

}  // namespace kt::keytrans
