// A record with some nodes of the prefix tree. Internal. Format: docs/formats.md, "The prefix tree
// in chunks".
//
// A node's number says in which chunk it is and at which place. A place whose node was pruned is
// empty; the others keep theirs.
//
// Thread rule: pure functions.
#pragma once

#include <cstdint>
#include <optional>

#include "keytrans/prefix_tree.h"

namespace kt::log {

// Four of them, with their checksums and what LMDB needs for each, fill a page of 4096 bytes.
inline constexpr std::size_t kChunkSize = 990;
inline constexpr unsigned kPlaceBits = 4;
inline constexpr std::size_t kChunkPlaces = std::size_t{1} << kPlaceBits;

// A set of places in one chunk: bit i stands for place i.
using Places = std::uint16_t;
static_assert(sizeof(Places) * 8 == kChunkPlaces);

[[nodiscard]] constexpr std::uint64_t chunk_of(keytrans::PrefixNodeRef ref) {
  return ref >> kPlaceBits;
}
[[nodiscard]] constexpr unsigned place_of(keytrans::PrefixNodeRef ref) {
  return static_cast<unsigned>(ref & (kChunkPlaces - 1));
}
[[nodiscard]] constexpr keytrans::PrefixNodeRef node_ref(std::uint64_t chunk, std::size_t place) {
  return chunk << kPlaceBits | place;
}

// Bytes that a node takes in a chunk.
[[nodiscard]] std::size_t stored_size(const keytrans::PrefixNode& node);

// Appends a node at the next place.
void append_node(Bytes& chunk, const keytrans::PrefixNode& node);

// What is stored at a place: a chunk of that alone. Errors: corrupt when there is no such place.
Result<ByteView> stored_node(ByteView chunk, unsigned place);

// The node at a place. Errors: corrupt when there is none.
Result<keytrans::PrefixNode> read_node(ByteView chunk, unsigned place);

// The nodes of a chunk by their places; nothing where one was pruned. Errors: corrupt.
Result<std::vector<std::optional<keytrans::PrefixNode>>> read_chunk(ByteView chunk);

// The chunk without the nodes at `places`, or nothing if no node is left. A place that is empty
// already stays so. Errors: corrupt.
Result<std::optional<Bytes>> without_nodes(ByteView chunk, Places places);

}  // namespace kt::log
