// Padding that lets an auditor follow removals (known-gaps 9).
#include <algorithm>

#include "keytrans/auditor.h"
#include "keytrans/random.h"
#include "prefix_bits.h"

namespace kt::keytrans {
namespace {

// A key that an update removes, adds, or both.
struct Touched {
  HashValue key{};
  bool stays = false;  // whether it has a leaf after the update
};

using Touches = std::span<const Touched>;

// Whether two lists have a key in common is for prefix_update() to mind: what is added stays.
std::vector<Touched> touched_by(const std::vector<PrefixLeaf>& added,
                                const std::vector<PrefixLeaf>& removed) {
  std::vector<Touched> touched;
  touched.reserve(added.size() + removed.size());
  for (const PrefixLeaf& leaf : added) touched.push_back({leaf.vrf_output, true});
  for (const PrefixLeaf& leaf : removed) touched.push_back({leaf.vrf_output, false});
  std::sort(touched.begin(), touched.end(),
            [](const Touched& a, const Touched& b) { return a.key < b.key; });
  return touched;
}

// A random leaf whose key has the first `depth` bits of `key`, and the other bit after them.
Result<PrefixLeaf> padding_beside(const HashValue& key, unsigned depth) {
  KT_TRY(PrefixLeaf leaf, padding_leaf());
  for (unsigned bit = 0; bit <= depth; ++bit) {
    const bool wanted = key_bit(key, bit) != (bit == depth);
    const auto mask = static_cast<std::uint8_t>(0x80U >> bit % 8);
    std::uint8_t& octet = leaf.vrf_output[bit / 8];
    octet = static_cast<std::uint8_t>(wanted ? octet | mask : octet & ~mask);
  }
  return leaf;
}

class Cover {
 public:
  explicit Cover(const PrefixNodes& nodes) : nodes_(nodes) {}

  // Whether anything is left below `child`, at `depth`, after the update and with the cover it
  // needs. At most 256 deep.
  Result<bool> remains(const PrefixChild& child, Touches touches, unsigned depth) {
    if (touches.empty()) return !child.is_missing();
    const bool is_added_to = std::any_of(touches.begin(), touches.end(),
                                         [](const Touched& touched) { return touched.stays; });
    if (child.is_missing()) return is_added_to;
    KT_TRY(const PrefixNode node, nodes_.get(child.ref));
    if (const auto* const leaf = std::get_if<PrefixLeaf>(&node))
      return is_added_to || std::none_of(touches.begin(), touches.end(), [leaf](const auto& each) {
               return each.key == leaf->vrf_output;
             });
    if (depth >= kMaxPrefixDepth) return fail(Errc::corrupt, "prefix tree is too deep");
    const auto& children = std::get<PrefixParent>(node).children;
    const auto middle = split_at_bit(touches, depth, &Touched::key);
    const Touches left(touches.begin(), middle);
    const Touches right(middle, touches.end());
    KT_TRY(const bool left_remains, remains(children[0], left, depth + 1));
    KT_TRY(const bool right_remains, remains(children[1], right, depth + 1));
    // One child was not touched, and has lost the other one.
    const bool left_alone = left.empty() && left_remains && !right_remains;
    const bool right_alone = right.empty() && right_remains && !left_remains;
    if (left_alone || right_alone) {
      KT_TRY(const PrefixLeaf leaf, padding_beside(touches.front().key, depth));
      leaves_.push_back(leaf);
    }
    return left_remains || right_remains;
  }

  [[nodiscard]] std::vector<PrefixLeaf> take() && { return std::move(leaves_); }

 private:
  const PrefixNodes& nodes_;
  std::vector<PrefixLeaf> leaves_;
};

}  // namespace

Result<std::vector<PrefixLeaf>> covering_leaves(const PrefixNodes& nodes,
                                                const PrefixChild& previous,
                                                const std::vector<PrefixLeaf>& added,
                                                const std::vector<PrefixLeaf>& removed) {
  const std::vector<Touched> touched = touched_by(added, removed);
  Cover cover(nodes);
  KT_TRY(cover.remains(previous, touched, 0));
  return std::move(cover).take();
}

}  // namespace kt::keytrans
