#include "sent.h"

#include <utility>

#include "keytrans/cipher_suite.h"
#include "keytrans/codec.h"

namespace kt::client {
namespace {

using keytrans::kHashSize;

constexpr std::uint8_t kFormat = 1;

template <class Io, class Format, class S>
void wire(Io& io, Format& format, S& s) {
  io.number("Sent.format", format);
  io.require(format == kFormat, "Sent.format", "is unknown");
  io.template vector<2>("Sent.values", s.values, kHashSize,
                        [](auto& in, auto& each) { in.fixed("Sent.value", each, kHashSize); });
  io.require(s.values.size() <= Sent::kMaxValues, "Sent.values", "has too many");
  io.template vector<2>("Sent.found", s.found, kHashSize + 4 + kHashSize, [](auto& in, auto& each) {
    in.fixed("Found.log", each.log, kHashSize);
    in.number("Found.version", each.version);
    in.fixed("Found.value", each.value, kHashSize);
  });
  io.require(s.found.size() <= Sent::kMaxFound, "Sent.found", "has too many");
}

}  // namespace

Result<Bytes> Sent::encode() const {
  keytrans::Encoder io;
  wire(io, kFormat, *this);
  return std::move(io).finish();
}

Result<Sent> Sent::decode(ByteView bytes) {
  keytrans::Decoder io(bytes);
  std::uint8_t format = 0;
  Sent sent;
  wire(io, format, sent);
  if (auto finished = std::move(io).finish(); !finished)
    return fail(Errc::corrupt, "what was sent: " + finished.error().detail);
  return sent;
}

}  // namespace kt::client
