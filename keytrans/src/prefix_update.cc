#include <algorithm>
#include <cstdint>

#include "keytrans/prefix_tree.h"
#include "prefix_bits.h"

namespace kt::keytrans {
namespace {

// What a batch does to one key: removes its leaf, adds one, or both. Borrows the leaf.
struct Change {
  HashValue key{};
  bool removes = false;
  const PrefixLeaf* adds = nullptr;
};

using Changes = std::span<const Change>;

// The batch ascending by key, one change for each.
Result<std::vector<Change>> merge_changes(std::span<const PrefixLeaf> added,
                                          std::span<const HashValue> removed) {
  std::vector<Change> changes;
  changes.reserve(added.size() + removed.size());
  for (const PrefixLeaf& leaf : added) changes.push_back({leaf.vrf_output, false, &leaf});
  for (const HashValue& key : removed) changes.push_back({key, true, nullptr});
  std::sort(changes.begin(), changes.end(),
            [](const Change& a, const Change& b) { return a.key < b.key; });

  auto last = changes.begin();
  for (auto next = changes.begin(); next != changes.end(); ++next) {
    if (next == last) continue;
    if (next->key != last->key) {
      *++last = *next;
      continue;
    }
    if ((next->removes && last->removes) || (next->adds != nullptr && last->adds != nullptr)) {
      return fail(Errc::malformed, "prefix tree update has a key twice");
    }
    last->removes = true;
    if (next->adds != nullptr) last->adds = next->adds;
  }
  if (!changes.empty()) changes.erase(last + 1, changes.end());
  return changes;
}

// The head of a subtree and what is known of it.
struct Head {
  enum class Kind : std::uint8_t {
    missing,
    leaf,
    parent,
    unread,  // taken over from the tree before; exists
  };
  PrefixChild child;
  Kind kind = Kind::missing;
};

// A leaf that will be in the new tree, already stored: what is stored does not depend on where in
// the tree it ends up.
struct StoredLeaf {
  HashValue key{};
  PrefixChild child;
};

using StoredLeaves = std::span<const StoredLeaf>;

// One batch update, from the root down to where the changes are and back up.
class Update {
 public:
  explicit Update(PrefixNodeWriter& nodes) : nodes_(nodes) {}

  // The subtree at `depth` headed by `child` so far, with `changes` made. At most 256 deep.
  Result<Head> apply(const PrefixChild& child, Changes changes, unsigned depth) {
    if (changes.empty()) {
      return Head{child, child.is_missing() ? Head::Kind::missing : Head::Kind::unread};
    }
    if (child.is_missing()) return rebuild(child, nullptr, changes, depth);
    KT_TRY(const PrefixNode node, nodes_.get(child.ref));
    if (const auto* const leaf = std::get_if<PrefixLeaf>(&node)) {
      return rebuild(child, leaf, changes, depth);
    }
    if (depth >= kMaxPrefixDepth) return fail(Errc::corrupt, "prefix tree is too deep");
    const auto& children = std::get<PrefixParent>(node).children;
    const auto middle = split_at_bit(changes, depth, &Change::key);
    KT_TRY(const Head left, apply(children[0], Changes(changes.begin(), middle), depth + 1));
    KT_TRY(const Head right, apply(children[1], Changes(middle, changes.end()), depth + 1));
    return join(left, right);
  }

 private:
  // The subtree that takes the place of `child`, which is missing or the leaf `resident`.
  Result<Head> rebuild(const PrefixChild& child, const PrefixLeaf* resident, Changes changes,
                       unsigned depth) {
    std::vector<StoredLeaf> leaves;
    leaves.reserve(changes.size() + 1);
    bool resident_stays = resident != nullptr;
    for (const Change& change : changes) {
      const bool exists = resident != nullptr && resident->vrf_output == change.key;
      if (change.removes && !exists) {
        return fail(Errc::conflict, "prefix tree update removes a key that does not exist");
      }
      if (!change.removes && exists) {
        return fail(Errc::conflict, "prefix tree update adds a key that exists");
      }
      if (change.removes) resident_stays = false;
      if (change.adds != nullptr) {
        KT_TRY(const PrefixNodeRef ref, nodes_.put(*change.adds));
        leaves.push_back({change.key, {ref, prefix_leaf_value(*change.adds)}});
      }
    }
    if (resident_stays) {
      const auto place = std::partition_point(
          leaves.begin(), leaves.end(),
          [resident](const StoredLeaf& leaf) { return leaf.key < resident->vrf_output; });
      leaves.insert(place, {resident->vrf_output, child});
    }
    return build(leaves, depth);
  }

  // The subtree at `depth` with exactly `leaves`, which are ascending and share `depth` bits.
  Result<Head> build(StoredLeaves leaves, unsigned depth) {
    if (leaves.empty()) return Head{};
    if (leaves.size() == 1) return Head{leaves.front().child, Head::Kind::leaf};
    if (depth >= kMaxPrefixDepth) {
      return fail(Errc::rejected, "two keys of the prefix tree share their first 255 bits");
    }
    const auto middle = split_at_bit(leaves, depth, &StoredLeaf::key);
    KT_TRY(const Head left, build(StoredLeaves(leaves.begin(), middle), depth + 1));
    KT_TRY(const Head right, build(StoredLeaves(middle, leaves.end()), depth + 1));
    return join(left, right);
  }

  // The canonical subtree over two children: nothing over nothing, a lone leaf itself, else a
  // parent.
  Result<Head> join(const Head& left, const Head& right) {
    if (left.kind == Head::Kind::missing || right.kind == Head::Kind::missing) {
      const Head& lone = left.kind == Head::Kind::missing ? right : left;
      if (lone.kind == Head::Kind::missing) return Head{};
      KT_TRY(const bool moves_up, is_leaf(lone));
      if (moves_up) return Head{lone.child, Head::Kind::leaf};
    }
    const PrefixParent parent{{left.child, right.child}};
    KT_TRY(const PrefixNodeRef ref, nodes_.put(parent));
    const HashValue value = prefix_parent_value(left.child.hash, right.child.hash);
    return Head{{ref, value}, Head::Kind::parent};
  }

  // Reads a node beside the paths of the changes; needed for the sibling of a removal only.
  Result<bool> is_leaf(const Head& head) {
    if (head.kind != Head::Kind::unread) return head.kind == Head::Kind::leaf;
    KT_TRY(const PrefixNode node, nodes_.get(head.child.ref));
    return std::holds_alternative<PrefixLeaf>(node);
  }

  PrefixNodeWriter& nodes_;
};

}  // namespace

Result<PrefixChild> prefix_update(PrefixNodeWriter& nodes, const PrefixChild& root,
                                  std::span<const PrefixLeaf> added,
                                  std::span<const HashValue> removed) {
  KT_TRY(const std::vector<Change> changes, merge_changes(added, removed));
  KT_TRY(const Head head, Update(nodes).apply(root, changes, 0));
  return head.child;
}

}  // namespace kt::keytrans
