#include "prefix_store.h"

#include <deque>
#include <unordered_set>

namespace kt::log {
namespace {

using keytrans::PrefixChild;
using keytrans::PrefixNode;
using keytrans::PrefixNodeRef;
using keytrans::PrefixParent;

// The numbers of nodes that are not written yet have this bit, and their place in the batch.
constexpr PrefixNodeRef kNew = PrefixNodeRef{1} << 63U;

constexpr bool is_new(PrefixNodeRef ref) { return (ref & kNew) != 0; }
constexpr std::size_t index_of(PrefixNodeRef ref) { return static_cast<std::size_t>(ref & ~kNew); }

}  // namespace

Result<PrefixNode> StoredPrefixNodes::get(PrefixNodeRef ref) const {
  const ReadCache::Key key{ReadCache::Kind::prefix_node, ref};
  if (cache_ != nullptr) {
    if (const auto record = cache_->find(key)) return read_node(record->view(), 0);
  }
  const std::uint64_t number = chunk_of(ref);
  Known& known = known_[number % known_.size()];
  if (known.number != number || number == 0) {
    KT_TRY(const auto chunk, snapshot_.get(table_, number_key(number)));
    if (!chunk) return fail(Errc::corrupt, "a chunk of the prefix tree is missing");
    known = {number, *chunk};
  }
  KT_TRY(const ByteView stored, stored_node(known.chunk, place_of(ref)));
  KT_TRY(const PrefixNode node, read_node(stored, 0));
  if (cache_ != nullptr) cache_->put(key, stored);
  return node;
}

Result<PrefixNode> PrefixNodeBatch::get(PrefixNodeRef ref) const {
  if (is_new(ref)) return nodes_.at(index_of(ref));
  read_.push_back(ref);
  return stored_.get(ref);
}

Result<PrefixNodeRef> PrefixNodeBatch::put(const PrefixNode& node) {
  nodes_.push_back(node);
  return kNew | (nodes_.size() - 1);
}

// Where each new node goes.
class PrefixNodeBatch::Layout {
 public:
  Layout(const std::vector<PrefixNode>& nodes, std::uint64_t next_chunk)
      : nodes_(nodes), refs_(nodes.size()), next_chunk_(next_chunk) {}

  // From `root` down, group by group: each is the top of a subtree, as much of it as fits a chunk.
  // Small groups share one.
  void place(const PrefixChild& root) {
    std::deque<std::size_t> tops;
    if (is_new(root.ref)) tops.push_back(index_of(root.ref));
    while (!tops.empty()) {
      const std::vector<std::size_t> group = take_group(tops);
      std::size_t size = 0;
      for (const std::size_t node : group) size += stored_size(nodes_[node]);
      if (chunks_.empty() || fill_ + size > kChunkSize ||
          chunks_.back().size() + group.size() > kChunkPlaces) {
        chunks_.emplace_back();
        fill_ = 0;
      }
      fill_ += size;
      for (const std::size_t node : group) {
        refs_[node] = node_ref(next_chunk_ + chunks_.size() - 1, chunks_.back().size());
        chunks_.back().push_back(node);
      }
    }
  }

  [[nodiscard]] PrefixChild stored(PrefixChild child) const {
    if (is_new(child.ref)) child.ref = refs_[index_of(child.ref)];
    return child;
  }

  // The number of the chunk that would come next.
  std::uint64_t write_to(store::Batch& batch, store::Table table) const {
    std::uint64_t number = next_chunk_;
    for (const std::vector<std::size_t>& nodes : chunks_) {
      Bytes chunk;
      for (const std::size_t index : nodes) {
        PrefixNode node = nodes_[index];
        if (auto* const parent = std::get_if<PrefixParent>(&node)) {
          for (PrefixChild& child : parent->children) child = stored(child);
        }
        append_node(chunk, node);
      }
      batch.put(table, number_key(number++), std::move(chunk));
    }
    return number;
  }

 private:
  // The subtree under the first of `tops`, by levels, as far as it fits; what is under that are
  // further tops.
  std::vector<std::size_t> take_group(std::deque<std::size_t>& tops) const {
    std::vector<std::size_t> group{tops.front()};
    tops.pop_front();
    std::size_t size = 0;
    for (std::size_t i = 0; i < group.size(); ++i) {
      size += stored_size(nodes_[group[i]]);
      if (size > kChunkSize || i == kChunkPlaces) {
        tops.insert(tops.end(), group.begin() + static_cast<std::ptrdiff_t>(i), group.end());
        group.resize(i);
        break;
      }
      if (const auto* const parent = std::get_if<PrefixParent>(&nodes_[group[i]])) {
        for (const PrefixChild& child : parent->children) {
          if (is_new(child.ref)) group.push_back(index_of(child.ref));
        }
      }
    }
    return group;
  }

  const std::vector<PrefixNode>& nodes_;
  std::vector<PrefixNodeRef> refs_;               // by place in the batch
  std::vector<std::vector<std::size_t>> chunks_;  // places in the batch
  std::size_t fill_ = 0;                          // bytes of the last chunk
  std::uint64_t next_chunk_;
};

PrefixNodeBatch::Written PrefixNodeBatch::write_to(store::Batch& batch, store::Table table,
                                                   const PrefixChild& root,
                                                   std::uint64_t next_chunk) && {
  Layout layout(nodes_, next_chunk);
  layout.place(root);
  Written written{layout.stored(root), layout.write_to(batch, table), {}};

  // An update reads the paths it replaces, and nothing else but siblings and leaves that stay:
  // those are children of new nodes, or the root.
  std::unordered_set<PrefixNodeRef> kept{root.ref};
  for (const PrefixNode& node : nodes_) {
    if (const auto* const parent = std::get_if<PrefixParent>(&node)) {
      for (const PrefixChild& child : parent->children) kept.insert(child.ref);
    }
  }
  for (const PrefixNodeRef ref : read_) {
    if (kept.contains(ref)) continue;
    Places& places = written.superseded[chunk_of(ref)];
    places = static_cast<Places>(places | Places{1} << place_of(ref));
  }
  return written;
}

}  // namespace kt::log
