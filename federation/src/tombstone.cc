#include "federation/tombstone.h"

#include <algorithm>

#include "federation/reserved.h"
#include "keytrans/codec.h"

namespace kt::federation {
namespace {

using Magic = std::array<std::uint8_t, kTombstoneMagic.size()>;

template <class Io, class S>
void wire(Io& io, Magic& magic, S& s) {
  io.fixed("Tombstone.magic", magic, magic.size());
  io.fixed("Tombstone.successor", s.successor, s.successor.size());
  io.number("Tombstone.migration_epoch", s.migration_epoch);
}

}  // namespace

Result<Bytes> Tombstone::encode() const {
  Magic magic{};
  std::copy(kTombstoneMagic.begin(), kTombstoneMagic.end(), magic.begin());
  keytrans::Encoder io;
  wire(io, magic, *this);
  return std::move(io).finish();
}

Result<Tombstone> Tombstone::decode(ByteView value) {
  if (!is_like_a_tombstone(value)) return fail(Errc::malformed, "it is no tombstone");
  Magic magic{};
  Tombstone tombstone;
  keytrans::Decoder io(value);
  wire(io, magic, tombstone);
  KT_TRY(std::move(io).finish());
  return tombstone;
}

Result<bool> has_moved(ByteView value, const LogId& successor) {
  if (!is_like_a_tombstone(value)) return false;
  const auto tombstone = Tombstone::decode(value);
  if (!tombstone)
    return fail(Errc::verification_failed,
                "the value is like a tombstone and is none: " + tombstone.error().detail);
  if (tombstone->successor != successor.hash())
    return fail(Errc::verification_failed,
                "the tombstone names a log that is not the successor by the directory document");
  return true;
}

}  // namespace kt::federation
