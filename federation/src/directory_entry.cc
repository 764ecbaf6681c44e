#include "federation/directory_entry.h"

#include "keytrans/codec.h"

namespace kt::federation {
namespace {

template <class Io, class Entry>
void wire(Io& io, Entry& entry) {
  io.number("DirectoryEntry.epoch", entry.epoch);
  io.require(entry.epoch > Epoch{0}, "DirectoryEntry.epoch", "is zero");
  io.fixed("DirectoryEntry.hash", entry.hash, entry.hash.size());
}

}  // namespace

Result<Bytes> DirectoryEntry::encode() const {
  keytrans::Encoder io;
  wire(io, *this);
  return std::move(io).finish();
}

Result<DirectoryEntry> DirectoryEntry::decode(ByteView value) {
  keytrans::Decoder io(value);
  DirectoryEntry entry;
  wire(io, entry);
  KT_TRY(std::move(io).finish());
  return entry;
}

}  // namespace kt::federation
