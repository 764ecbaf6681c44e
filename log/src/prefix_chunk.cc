#include "prefix_chunk.h"

#include <algorithm>

namespace kt::log {
namespace {

using keytrans::PrefixChild;
using keytrans::PrefixLeaf;
using keytrans::PrefixNode;
using keytrans::PrefixParent;

constexpr std::uint8_t kGone = 0;
constexpr std::uint8_t kLeaf = 1;
constexpr std::uint8_t kParent = 2;
constexpr std::size_t kRefSize = 6;  // bytes of a number in a parent: 2^44 chunks
constexpr std::size_t kLeafSize = 1 + 2 * sizeof(HashValue);
constexpr std::size_t kChildSize = kRefSize + sizeof(HashValue);
constexpr std::size_t kParentSize = 1 + 2 * kChildSize;
static_assert(kChunkSize / kLeafSize <= kChunkPlaces);

void append(Bytes& out, ByteView bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

void append_child(Bytes& out, const PrefixChild& child) {
  KT_ASSERT(child.ref >> (8 * kRefSize) == 0);
  for (std::size_t i = kRefSize; i > 0; --i)
    out.push_back(static_cast<std::uint8_t>(child.ref >> (8 * (i - 1))));
  append(out, child.hash);
}

HashValue read_hash(ByteView bytes) {
  HashValue hash{};
  std::copy_n(bytes.begin(), hash.size(), hash.begin());
  return hash;
}

PrefixChild read_child(ByteView bytes) {
  PrefixChild child;
  for (std::size_t i = 0; i < kRefSize; ++i) child.ref = child.ref << 8U | bytes[i];
  child.hash = read_hash(bytes.subspan(kRefSize));
  return child;
}

tl::unexpected<Error> no_such_node() {
  return fail(Errc::corrupt, "a node of the prefix tree is not where it should be");
}

// The bytes of what stands at the beginning of `rest`; 0 if that is no node and no empty place.
std::size_t first_size(ByteView rest) {
  std::size_t size = 0;
  switch (rest[0]) {
    case kGone: size = 1; break;
    case kLeaf: size = kLeafSize; break;
    case kParent: size = kParentSize; break;
    default: break;
  }
  return size <= rest.size() ? size : 0;
}

// Requires: `node` is that of a leaf or a parent.
PrefixNode parse(ByteView node) {
  if (node[0] == kLeaf)
    return PrefixLeaf{read_hash(node.subspan(1)), read_hash(node.subspan(1 + sizeof(HashValue)))};
  return PrefixParent{{read_child(node.subspan(1)), read_child(node.subspan(1 + kChildSize))}};
}

}  // namespace

std::size_t stored_size(const PrefixNode& node) {
  return std::holds_alternative<PrefixLeaf>(node) ? kLeafSize : kParentSize;
}

void append_node(Bytes& chunk, const PrefixNode& node) {
  if (const auto* const leaf = std::get_if<PrefixLeaf>(&node)) {
    chunk.push_back(kLeaf);
    append(chunk, leaf->vrf_output);
    append(chunk, leaf->commitment);
  } else {
    chunk.push_back(kParent);
    for (const PrefixChild& child : std::get<PrefixParent>(node).children)
      append_child(chunk, child);
  }
}

Result<ByteView> stored_node(ByteView chunk, unsigned place) {
  for (unsigned i = 0; !chunk.empty(); ++i) {
    const std::size_t size = first_size(chunk);
    if (size == 0) return no_such_node();
    if (i == place) return chunk.first(size);
    chunk = chunk.subspan(size);
  }
  return no_such_node();
}

Result<PrefixNode> read_node(ByteView chunk, unsigned place) {
  KT_TRY(const ByteView stored, stored_node(chunk, place));
  if (stored[0] == kGone) return no_such_node();
  return parse(stored);
}

Result<std::vector<std::optional<PrefixNode>>> read_chunk(ByteView chunk) {
  std::vector<std::optional<PrefixNode>> nodes;
  while (!chunk.empty()) {
    const std::size_t size = first_size(chunk);
    if (size == 0 || nodes.size() == kChunkPlaces)
      return fail(Errc::corrupt, "a chunk of the prefix tree is malformed");
    nodes.push_back(chunk[0] == kGone ? std::nullopt : std::optional<PrefixNode>(parse(chunk)));
    chunk = chunk.subspan(size);
  }
  return nodes;
}

Result<std::optional<Bytes>> without_nodes(ByteView chunk, Places places) {
  Bytes left;
  bool some_left = false;
  for (unsigned i = 0; !chunk.empty(); ++i) {
    const std::size_t size = first_size(chunk);
    if (size == 0 || i == kChunkPlaces)
      return fail(Errc::corrupt, "a chunk of the prefix tree is malformed");
    if (chunk[0] == kGone || (unsigned{places} >> i & 1U) != 0) {
      left.push_back(kGone);
    } else {
      append(left, chunk.first(size));
      some_left = true;
    }
    chunk = chunk.subspan(size);
  }
  return some_left ? std::optional<Bytes>(std::move(left)) : std::nullopt;
}

}  // namespace kt::log
