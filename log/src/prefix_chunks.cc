#include "prefix_chunks.h"

#include "keytrans/codec.h"
#include "records.h"

namespace kt::log {
namespace {

using keytrans::PrefixChild;
using keytrans::PrefixLeaf;
using keytrans::PrefixNode;
using keytrans::PrefixNodeRef;
using keytrans::PrefixParent;

constexpr unsigned kOffsetBits = 12;
constexpr std::uint8_t kLeaf = 1;
constexpr std::uint8_t kParent = 2;
constexpr std::size_t kRefSize = 6;  // bytes of a number in a parent: 2^36 chunks
constexpr std::size_t kLeafSize = 1 + 2 * sizeof(HashValue);
constexpr std::size_t kParentSize = 1 + 2 * (kRefSize + sizeof(HashValue));
static_assert(kChunkSize < (std::size_t{1} << kOffsetBits));

constexpr std::uint64_t chunk_of(PrefixNodeRef ref) { return ref >> kOffsetBits; }
constexpr std::size_t offset_of(PrefixNodeRef ref) {
  return static_cast<std::size_t>(ref & ((std::uint64_t{1} << kOffsetBits) - 1));
}

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

Result<PrefixNode> read_node(ByteView chunk, std::size_t offset) {
  if (offset >= chunk.size()) return no_such_node();
  const ByteView node = chunk.subspan(offset);
  if (node[0] == kLeaf && node.size() >= kLeafSize)
    return PrefixNode(
        PrefixLeaf{read_hash(node.subspan(1)), read_hash(node.subspan(1 + sizeof(HashValue)))});
  if (node[0] == kParent && node.size() >= kParentSize)
    return PrefixNode(PrefixParent{
        {read_child(node.subspan(1)), read_child(node.subspan(1 + kRefSize + sizeof(HashValue)))}});
  return no_such_node();
}

}  // namespace

Result<PrefixNode> StoredPrefixNodes::get(PrefixNodeRef ref) const {
  const std::uint64_t number = chunk_of(ref);
  Known& known = known_[number % known_.size()];
  if (known.number != number || number == 0) {
    KT_TRY(const auto chunk, snapshot_.get(table_, number_key(number)));
    if (!chunk) return no_such_node();
    known = {number, *chunk};
  }
  return read_node(known.chunk, offset_of(ref));
}

Result<PrefixNode> PrefixNodeBatch::get(PrefixNodeRef ref) const {
  const std::uint64_t number = chunk_of(ref);
  if (number < first_chunk_) return stored_.get(ref);
  if (number - first_chunk_ >= chunks_.size()) return no_such_node();
  return read_node(chunks_[static_cast<std::size_t>(number - first_chunk_)], offset_of(ref));
}

Result<PrefixNodeRef> PrefixNodeBatch::put(const PrefixNode& node) {
  const auto* const leaf = std::get_if<PrefixLeaf>(&node);
  const std::size_t size = leaf != nullptr ? kLeafSize : kParentSize;
  if (chunks_.empty() || chunks_.back().size() + size > kChunkSize)
    chunks_.emplace_back().reserve(kChunkSize);
  Bytes& chunk = chunks_.back();
  const PrefixNodeRef ref =
      (first_chunk_ + chunks_.size() - 1) << kOffsetBits | std::uint64_t{chunk.size()};
  if (leaf != nullptr) {
    chunk.push_back(kLeaf);
    append(chunk, leaf->vrf_output);
    append(chunk, leaf->commitment);
  } else {
    chunk.push_back(kParent);
    for (const PrefixChild& child : std::get<PrefixParent>(node).children)
      append_child(chunk, child);
  }
  return ref;
}

std::uint64_t PrefixNodeBatch::write_to(store::Batch& batch, store::Table table) && {
  std::uint64_t number = first_chunk_;
  for (Bytes& chunk : chunks_) batch.put(table, number_key(number++), std::move(chunk));
  chunks_.clear();
  return number;
}

}  // namespace kt::log
