#include "ohttp_key_index.h"

#include <set>
#include <utility>

#include "keytrans/codec.h"

namespace kt::gateway {
namespace {

constexpr std::uint8_t kFormat = 1;

template <class Io, class Format, class Index>
void wire(Io& io, Format& format, Index& index) {
  io.number("OhttpKeyIndex.format", format);
  io.require(format == kFormat, "OhttpKeyIndex.format", "is not 1");
  io.number("OhttpKeyIndex.next_id", index.next_id);
  io.template vector<1>("OhttpKeyIndex.keys", index.keys, 2, [](auto& element, auto& key) {
    element.number("StoredOhttpKey.key_id", key.key_id);
    element.optional("StoredOhttpKey.active_from", key.active_from,
                     [](auto& inner, auto& time) { inner.number("active_from", time); });
  });
}

}  // namespace

Result<Bytes> OhttpKeyIndex::encode() const {
  keytrans::Encoder io;
  wire(io, kFormat, *this);
  return std::move(io).finish();
}

Result<OhttpKeyIndex> OhttpKeyIndex::decode(ByteView bytes) {
  keytrans::Decoder io(bytes);
  std::uint8_t format = 0;
  OhttpKeyIndex index;
  wire(io, format, index);
  KT_TRY(std::move(io).finish());
  if (index.keys.size() > kMaxKeys) return fail(Errc::malformed, "it has too many keys");
  std::set<std::uint8_t> ids{index.next_id};
  for (std::size_t i = 0; i < index.keys.size(); ++i) {
    const bool is_last = i + 1 == index.keys.size();
    if (!ids.insert(index.keys[i].key_id).second || (!is_last && !index.keys[i].active_from))
      return fail(Errc::malformed, "its keys are not in order");
  }
  return index;
}

}  // namespace kt::gateway
