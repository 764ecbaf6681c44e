#include "keytrans/prefix_proof.h"

#include "prefix_partial.h"

namespace kt::keytrans {

Result<HashValue> evaluate_prefix_proof(std::span<const PrefixLookup> lookups,
                                        const PrefixProof& proof) {
  KT_TRY(const PrefixPartialTree tree, PrefixPartialTree::create(lookups, proof));
  return tree.root().hash;
}

}  // namespace kt::keytrans
