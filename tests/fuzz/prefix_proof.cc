// evaluate_prefix_proof and evaluate_prefix_update on arbitrary proofs, with short keys that the
// fuzzer can make collide. A proof's root is a function of all of its bytes: the same proof, the
// same root.

#include "keytrans/prefix_proof.h"

#include <vector>

#include "keytrans/messages.h"

namespace {

using namespace kt;
using namespace kt::keytrans;

HashValue key_of(std::uint8_t byte) {
  HashValue key{};
  key[0] = byte;
  return key;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 9) return 0;
  const auto proof = decode<PrefixProof>({data + 9, size - 9});
  if (!proof) return 0;
  const std::size_t keys = data[0] % 9;
  std::vector<PrefixLookup> lookups;
  std::vector<PrefixLeaf> leaves;
  for (std::size_t i = 0; i < keys; ++i) {
    lookups.push_back({key_of(data[i + 1]), key_of(static_cast<std::uint8_t>(i))});
    leaves.push_back({key_of(data[i + 1]), key_of(static_cast<std::uint8_t>(i))});
  }
  const auto root = evaluate_prefix_proof(lookups, *proof);
  if (root) KT_ASSERT(*root == *evaluate_prefix_proof(lookups, *proof));
  const std::size_t added = data[0] / 9U % (keys + 1);
  const std::span<const PrefixLeaf> all(leaves);
  const auto roots = evaluate_prefix_update(all.first(added), all.subspan(added), *proof);
  if (roots && root) KT_ASSERT(roots->before == *root);
  return 0;
}
