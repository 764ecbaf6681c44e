// How a fuzz target of a verification entry point reads its input: as the message itself, or as
// edits of an honest one. A fuzzer that only knew raw bytes would never get past the first
// signature or VRF proof; one that edits an honest message starts behind them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "keytrans/bytes.h"

namespace kt::keytrans {

// The message that `input` stands for. Its first byte is 0 for the rest to be the message; any
// other value makes the rest a list of edits of `honest`, four bytes each: what to do and how many
// bytes it is about, the offset in two bytes, and an operand. The result is at most 64 KiB longer.
inline Bytes edit(const Bytes& honest, ByteView input) {
  if (input.empty()) return honest;
  if (input[0] == 0) return to_bytes(input.subspan(1));
  Bytes message = honest;
  for (ByteView rest = input.subspan(1); rest.size() >= 4; rest = rest.subspan(4)) {
    if (message.empty()) break;
    const std::size_t offset = (std::size_t{rest[1]} << 8U | rest[2]) % message.size();
    const auto at = message.begin() + static_cast<std::ptrdiff_t>(offset);
    const std::size_t count = std::min<std::size_t>((rest[0] >> 2U) + 1U, message.size() - offset);
    const auto end = at + static_cast<std::ptrdiff_t>(count);
    switch (rest[0] & 3U) {
      case 0: *at ^= rest[3]; break;
      case 1: *at = static_cast<std::uint8_t>(*at + rest[3]); break;
      case 2: message.erase(at, end); break;
      default: {  // repeats what stands there
        const Bytes copy(at, end);
        message.insert(end, copy.begin(), copy.end());
      }
    }
  }
  return message;
}

}  // namespace kt::keytrans
