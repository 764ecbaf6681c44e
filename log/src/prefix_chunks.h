// The nodes of all versions of the prefix tree, in chunks. Internal.
//
// The nodes that one log entry adds are written one after the other, children first, into chunks of
// a quarter of a page; a node's number says in which chunk it is and where. An update of one label
// adds a path from leaf to root, which so takes two records instead of twenty. Chunks are never
// changed.
//
// Thread rule: one thread at a time.
#pragma once

#include <array>
#include <vector>

#include "keytrans/prefix_tree.h"
#include "store/store.h"

namespace kt::log {

// Four of them, with their checksums and what LMDB needs for each, fill a page of 4096 bytes.
inline constexpr std::size_t kChunkSize = 990;

// Reads nodes. Borrows the snapshot.
class StoredPrefixNodes final : public keytrans::PrefixNodes {
 public:
  StoredPrefixNodes(const store::Snapshot& snapshot, store::Table table)
      : snapshot_(snapshot), table_(table) {}

  Result<keytrans::PrefixNode> get(keytrans::PrefixNodeRef ref) const override;

 private:
  struct Known {
    std::uint64_t number = 0;  // of the chunk; 0 is none
    ByteView chunk;
  };
  const store::Snapshot& snapshot_;
  store::Table table_;
  mutable std::array<Known, 256> known_;  // chunks read before, by the last bits of their numbers
};

// Collects the nodes that an entry adds.
class PrefixNodeBatch final : public keytrans::PrefixNodeWriter {
 public:
  // Borrows `stored`. The first new chunk will have the number `next_chunk`.
  PrefixNodeBatch(const StoredPrefixNodes& stored, std::uint64_t next_chunk)
      : stored_(stored), first_chunk_(next_chunk) {}

  Result<keytrans::PrefixNode> get(keytrans::PrefixNodeRef ref) const override;
  Result<keytrans::PrefixNodeRef> put(const keytrans::PrefixNode& node) override;

  // Adds the chunks to `batch`; the number of the one that would come next.
  std::uint64_t write_to(store::Batch& batch, store::Table table) &&;

 private:
  const StoredPrefixNodes& stored_;
  std::uint64_t first_chunk_;
  std::vector<Bytes> chunks_;
};

}  // namespace kt::log
