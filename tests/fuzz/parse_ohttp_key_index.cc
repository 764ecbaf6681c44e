// The index of a gateway's keys for Oblivious HTTP, attacked as a file: what is read has one
// spelling, and a key can be made after it.

#include <algorithm>

#include "must.h"
#include "mutation.h"
#include "ohttp_key_index.h"

namespace {

using namespace kt;
using gateway::OhttpKeyIndex;

Bytes honest_index() {
  const OhttpKeyIndex index{6, {{3, Timestamp{10}}, {4, Timestamp{20}}, {5, std::nullopt}}};
  Bytes bytes = must(index.encode());
  KT_ASSERT(must(OhttpKeyIndex::decode(bytes)) == index);
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Bytes honest = honest_index();
  const Bytes file = keytrans::edit(honest, {data, size});
  const auto index = OhttpKeyIndex::decode(file);
  if (!index) {
    KT_ASSERT(index.error().code == Errc::malformed);
    return 0;
  }
  KT_ASSERT(must(index->encode()) == file);
  KT_ASSERT(index->keys.size() <= OhttpKeyIndex::kMaxKeys);
  for (auto key = index->keys.begin(); key != index->keys.end(); ++key) {
    KT_ASSERT(key->key_id != index->next_id);
    KT_ASSERT(key->active_from || key + 1 == index->keys.end());
    KT_ASSERT(std::none_of(key + 1, index->keys.end(),
                           [&](const auto& other) { return other.key_id == key->key_id; }));
  }
  return 0;
}
