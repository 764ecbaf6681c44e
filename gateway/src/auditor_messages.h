// What goes over HTTP between a log and its auditor beside single structures of the draft.
// Internal.
//
// Source: docs/http-api.md, "Auditors". Thread rule: pure functions.
#pragma once

#include <span>
#include <vector>

#include "keytrans/bytes.h"
#include "keytrans/result.h"

namespace kt::gateway {

// What one answer with AuditorUpdates has at most.
inline constexpr std::size_t kUpdatesInAnswer = 1000;
inline constexpr std::size_t kUpdateBytesInAnswer = std::size_t{4} << 20;

// Bytes that an encoded update takes there.
[[nodiscard]] inline std::size_t size_in_answer(const Bytes& update) {
  return update.size() + sizeof(std::uint32_t);
}

// opaque update<0..2^32-1>, one after the other to the end. Errors: malformed for one that is
// longer.
Result<Bytes> encode_updates(std::span<const Bytes> updates);

// Errors: malformed when the last one is cut short, and for more than kUpdatesInAnswer.
Result<std::vector<Bytes>> decode_updates(ByteView bytes);

}  // namespace kt::gateway
