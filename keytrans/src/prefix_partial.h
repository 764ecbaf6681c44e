// The part of a prefix tree that a PrefixProof shows, rebuilt.
//
// Nodes of which the proof gives only the hash are *opaque*: they can be kept and hashed, not read.
// As the rebuilt part is a store of nodes, it takes updates the way a log's own tree does; an
// update that would have to read an opaque node fails.
//
// Thread rule: none.
#pragma once

#include <span>

#include "keytrans/prefix_proof.h"
#include "keytrans/prefix_tree.h"

namespace kt::keytrans {

class PrefixPartialTree final : public PrefixNodeWriter {
 public:
  // Errors: those of evaluate_prefix_proof().
  static Result<PrefixPartialTree> create(std::span<const PrefixLookup> lookups,
                                          const PrefixProof& proof);

  // The root the proof leads to.
  [[nodiscard]] const PrefixChild& root() const { return root_; }

  // Errors: verification_failed when the node is opaque.
  Result<PrefixNode> get(PrefixNodeRef ref) const override;
  Result<PrefixNodeRef> put(const PrefixNode& node) override;

 private:
  PrefixPartialTree() = default;

  MemoryPrefixNodes nodes_;
  PrefixChild root_;
};

}  // namespace kt::keytrans
