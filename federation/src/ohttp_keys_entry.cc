#include "federation/ohttp_keys_entry.h"

#include <algorithm>
#include <utility>

#include "keytrans/codec.h"
#include "keytrans/hash.h"

namespace kt::federation {
namespace {

template <class Io, class Entry>
void wire(Io& io, Entry& entry) {
  io.template vector<1>(
      "OhttpKeysEntry.lists", entry.lists, std::tuple_size_v<HashValue>,
      [](auto& element, auto& hash) { element.fixed("OhttpKeysHash.hash", hash, hash.size()); });
  io.require(!entry.lists.empty(), "OhttpKeysEntry.lists", "is empty");
  io.require(entry.lists.size() <= kMaxOhttpLists, "OhttpKeysEntry.lists", "has too many");
}

}  // namespace

Result<Bytes> OhttpKeysEntry::encode() const {
  keytrans::Encoder io;
  wire(io, *this);
  return std::move(io).finish();
}

Result<OhttpKeysEntry> OhttpKeysEntry::decode(ByteView value) {
  keytrans::Decoder io(value);
  OhttpKeysEntry entry;
  wire(io, entry);
  KT_TRY(std::move(io).finish());
  return entry;
}

bool OhttpKeysEntry::has(ByteView list) const {
  return std::find(lists.begin(), lists.end(), keytrans::sha256(list)) != lists.end();
}

}  // namespace kt::federation
