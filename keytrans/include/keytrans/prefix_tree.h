// The prefix tree as a log keeps it: nodes in a store, batch lookups and batch updates ("Prefix
// Tree", "Tree Proofs / Prefix Tree").
//
// Nodes are never changed. An update writes new nodes for the paths it touches, shares the rest
// with the tree before, and returns a new root, so every version whose root is kept stays readable:
// a log stores one root per log entry. What a store does about nodes no root reaches any more is
// its own business.
//
// A node is referred to by the number its store gave it. A parent holds its children's hashes
// beside their references, so a proof's copath costs no reads.
//
// The shape is canonical: it depends on the keys present and not on the order of updates. A leaf
// sits at the shallowest depth at which no other key shares its prefix, and a leaf that a removal
// leaves alone moves up.
//
// Thread rule: pure functions over a store; a store says for itself.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "keytrans/bytes.h"
#include "keytrans/prefix_proof.h"
#include "keytrans/result.h"

namespace kt::keytrans {

// The number a store gave a node; 0 is no node.
using PrefixNodeRef = std::uint64_t;

// A node as its parent, or the owner of a root, knows it. The default is a node that is missing and
// the root of the tree without keys.
struct PrefixChild {
  PrefixNodeRef ref = 0;
  HashValue hash = kMissingPrefixNode;

  [[nodiscard]] bool is_missing() const { return ref == 0; }
  friend bool operator==(const PrefixChild&, const PrefixChild&) = default;
};

// At least one child is not missing. children[b] heads the keys whose next bit is b.
struct PrefixParent {
  std::array<PrefixChild, 2> children;

  friend bool operator==(const PrefixParent&, const PrefixParent&) = default;
};

using PrefixNode = std::variant<PrefixLeaf, PrefixParent>;

// Read access to stored nodes.
class PrefixNodes {
 public:
  virtual ~PrefixNodes() = default;

  // Errors: corrupt when there is no such node; whatever the storage reports.
  virtual Result<PrefixNode> get(PrefixNodeRef ref) const = 0;
};

// A store that takes new nodes. What was put can be read at once.
class PrefixNodeWriter : public PrefixNodes {
 public:
  // The new node's number, which is not 0.
  virtual Result<PrefixNodeRef> put(const PrefixNode& node) = 0;
};

// A batch lookup's proof and, in the order of the keys, the commitments of those found.
struct PrefixSearchAnswer {
  PrefixProof proof;
  std::vector<std::optional<HashValue>> commitments;
};

// Looks `keys` up in the tree under `root`. Reads only nodes on the paths of the keys, each once.
// The same key may be asked for twice.
// Errors: those of `nodes`; corrupt when a path is longer than a tree can be.
Result<PrefixSearchAnswer> prefix_search(const PrefixNodes& nodes, const PrefixChild& root,
                                         std::span<const HashValue> keys);

// The root after removing the keys `removed` and adding the leaves `added`, in any order. A key in
// both has its commitment replaced. Every new node is put once, children first; `root` and the tree
// under it remain as they were. Costs O(changes * depth) and for a batch of new keys sorts and
// builds from the bottom.
//
// Errors: malformed when a key is twice in one list; conflict when an added key exists and is not
// removed, or a removed key does not exist; rejected when two keys share their first 255 bits, so
// that a leaf would lie deeper than 255; those of `nodes`. After an error some nodes may have been
// put that no root reaches: the caller abandons its transaction.
Result<PrefixChild> prefix_update(PrefixNodeWriter& nodes, const PrefixChild& root,
                                  std::span<const PrefixLeaf> added,
                                  std::span<const HashValue> removed);

// Nodes held in memory and never released. For tests, tools and small logs.
// Thread rule: put() needs exclusive access.
class MemoryPrefixNodes final : public PrefixNodeWriter {
 public:
  Result<PrefixNode> get(PrefixNodeRef ref) const override;
  Result<PrefixNodeRef> put(const PrefixNode& node) override;

  // How many nodes were put.
  [[nodiscard]] std::size_t size() const { return nodes_.size(); }

 private:
  std::deque<PrefixNode> nodes_;  // the node of `ref` is at ref - 1
};

}  // namespace kt::keytrans
