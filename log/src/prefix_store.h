// The nodes of all versions of the prefix tree, in chunks. Internal.
//
// The nodes that one log entry adds are laid out from the root down, in groups that fill a chunk:
// a path from the root to a leaf so meets few chunks, and nodes of one chunk are of a like depth,
// and so live for a like time. Only pruning changes a chunk.
//
// Thread rule: one thread at a time.
#pragma once

#include <array>
#include <vector>

#include "read_cache.h"
#include "records.h"
#include "store/store.h"

namespace kt::log {

// Reads nodes. Borrows the snapshot, and the cache if there is one.
class StoredPrefixNodes final : public keytrans::PrefixNodes {
 public:
  StoredPrefixNodes(const store::Snapshot& snapshot, store::Table table, ReadCache* cache = nullptr)
      : snapshot_(snapshot), table_(table), cache_(cache) {}

  Result<keytrans::PrefixNode> get(keytrans::PrefixNodeRef ref) const override;

 private:
  struct Known {
    std::uint64_t number = 0;  // of the chunk; 0 is none
    ByteView chunk;
  };
  const store::Snapshot& snapshot_;
  store::Table table_;
  ReadCache* cache_;
  mutable std::array<Known, 256> known_;  // chunks read before, by the last bits of their numbers
};

// Collects the nodes that an entry adds. Its numbers for them are good until they are written.
class PrefixNodeBatch final : public keytrans::PrefixNodeWriter {
 public:
  // Borrows `stored`.
  explicit PrefixNodeBatch(const StoredPrefixNodes& stored) : stored_(stored) {}

  Result<keytrans::PrefixNode> get(keytrans::PrefixNodeRef ref) const override;
  Result<keytrans::PrefixNodeRef> put(const keytrans::PrefixNode& node) override;

  struct Written {
    keytrans::PrefixChild root;    // as it is stored
    std::uint64_t next_chunk = 0;  // the number of the chunk that would come next
    NodesByChunk superseded;       // stored nodes that are not in the tree of `root`, but were in
                                   // the one it was made from
  };
  // Adds the nodes to `batch` in chunks numbered from `next_chunk` on.
  // Requires: `root` is what prefix_update() made of a stored tree with this and nothing else.
  Written write_to(store::Batch& batch, store::Table table, const keytrans::PrefixChild& root,
                   std::uint64_t next_chunk) &&;

 private:
  class Layout;

  const StoredPrefixNodes& stored_;
  std::vector<keytrans::PrefixNode> nodes_;
  mutable std::vector<keytrans::PrefixNodeRef> read_;  // of stored nodes
};

}  // namespace kt::log
