#include "store/store.h"

namespace kt::store {
namespace {

bool is_key(const Bytes& key) { return !key.empty() && key.size() <= kMaxKeySize; }

}  // namespace

void Batch::put(Table table, Bytes key, Bytes value) {
  KT_ASSERT(is_key(key) && value.size() <= kMaxValueSize);
  puts_.push_back({table, std::move(key), std::move(value)});
}

void Batch::erase(Table table, Bytes key) {
  KT_ASSERT(is_key(key));
  erasures_.push_back({table, std::move(key)});
}

void Batch::expect(Table table, Bytes key, std::optional<Bytes> value) {
  KT_ASSERT(is_key(key));
  expectations_.push_back({table, std::move(key), std::move(value)});
}

}  // namespace kt::store
