#include "keytrans/log_tree.h"

#include <array>
#include <bit>
#include <cstdint>

#include "keytrans/hash.h"

namespace kt::keytrans {
namespace {

// The octet `hashContent` puts before a child's value.
constexpr std::array<std::uint8_t, 1> kLeafPrefix{0x00};
constexpr std::array<std::uint8_t, 1> kParentPrefix{0x01};

ByteView content_prefix(bool is_leaf) { return is_leaf ? kLeafPrefix : kParentPrefix; }

std::array<std::uint8_t, 8> big_endian(std::uint64_t number) {
  std::array<std::uint8_t, 8> octets;
  for (auto octet = octets.rbegin(); octet != octets.rend(); ++octet) {
    *octet = static_cast<std::uint8_t>(number);
    number >>= 8U;
  }
  return octets;
}

}  // namespace

HashValue log_leaf_value(Timestamp timestamp, const HashValue& prefix_tree) {
  return sha256({big_endian(timestamp.value()), prefix_tree});
}

HashValue log_parent(const HashValue& left, bool left_is_leaf, const HashValue& right,
                     bool right_is_leaf) {
  return sha256({content_prefix(left_is_leaf), left, content_prefix(right_is_leaf), right});
}

HashValue log_root(TreeSize size, std::span<const HashValue> full_subtrees) {
  KT_ASSERT(size.value() > 0);
  KT_ASSERT(full_subtrees.size() == static_cast<std::size_t>(std::popcount(size.value())));
  // Left-balanced: every full subtree is the left child of what it makes with all to its right.
  // Only the last one can be a leaf, which an odd size says.
  HashValue root = full_subtrees.back();
  bool root_is_leaf = (size.value() & 1) == 1;
  for (std::size_t i = full_subtrees.size() - 1; i > 0; --i) {
    root = log_parent(full_subtrees[i - 1], false, root, root_is_leaf);
    root_is_leaf = false;
  }
  return root;
}

}  // namespace kt::keytrans
