#include "auditor_messages.h"

#include "keytrans/codec.h"

namespace kt::gateway {

Result<Bytes> encode_updates(std::span<const Bytes> updates) {
  keytrans::Encoder io;
  for (const Bytes& update : updates) io.opaque<4>("AuditorUpdates.update", update);
  return std::move(io).finish();
}

Result<std::vector<Bytes>> decode_updates(ByteView bytes) {
  std::vector<Bytes> updates;
  while (!bytes.empty()) {
    if (updates.size() == kUpdatesInAnswer)
      return fail(Errc::malformed, "there are more updates than an answer may have");
    // A decoder takes all it is given, so each update is cut out first.
    if (bytes.size() < sizeof(std::uint32_t))
      return fail(Errc::malformed, "the length of an update is cut short");
    std::uint32_t size = 0;
    for (const std::uint8_t byte : bytes.first(sizeof(size))) size = size << 8U | byte;
    bytes = bytes.subspan(sizeof(size));
    if (size > bytes.size()) return fail(Errc::malformed, "an update is cut short");
    updates.push_back(to_bytes(bytes.first(size)));
    bytes = bytes.subspan(size);
  }
  return updates;
}

}  // namespace kt::gateway
