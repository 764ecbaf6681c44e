// The key configurations of another party's gateway, as a list and alone. What is accepted is ours
// to use, and comes back the same when it is written again; a request is sealed to it, or its
// public key is refused.
// And what a log says of such lists.

#include "federation/ohttp.h"
#include "federation/ohttp_keys_entry.h"
#include "must.h"

namespace {

using namespace kt;
using namespace kt::federation;

void check(const KeyConfig& config) {
  KT_ASSERT(config.public_key.size() == hpke_public_key_size(config.kem_id));
  KT_ASSERT(!config.symmetric_algorithms.empty());
  for (const auto& algorithms : config.symmetric_algorithms)
    KT_ASSERT(algorithms.aead != HpkeAead::export_only);
  KT_ASSERT(must(decode_key_config(encode_key_config(config))) == config);
  const auto sealed = seal_ohttp_request(config, {});
  if (sealed)
    KT_ASSERT(must(ohttp_key_id(sealed->message)) == config.key_id);
  else
    KT_ASSERT(sealed.error().code == Errc::malformed);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  if (const auto config = decode_key_config(input)) check(*config);
  if (const auto entry = OhttpKeysEntry::decode(input)) {
    KT_ASSERT(!entry->lists.empty() && entry->lists.size() <= kMaxOhttpLists);
    KT_ASSERT(equal(must(entry->encode()), input));
  }
  const auto configs = decode_key_configs(input);
  if (!configs) return 0;
  KT_ASSERT(!configs->empty());
  for (const KeyConfig& config : *configs) check(config);
  KT_ASSERT(must(decode_key_configs(encode_key_configs(*configs))) == *configs);
  return 0;
}
