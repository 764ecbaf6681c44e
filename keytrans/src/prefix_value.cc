#include <array>
#include <cstdint>

#include "keytrans/hash.h"
#include "keytrans/prefix_proof.h"

namespace kt::keytrans {
namespace {

constexpr std::array<std::uint8_t, 1> kLeafPrefix{0x02};
constexpr std::array<std::uint8_t, 1> kParentPrefix{0x03};

}  // namespace

HashValue prefix_leaf_value(const PrefixLeaf& leaf) {
  return sha256({kLeafPrefix, leaf.vrf_output, leaf.commitment});
}

HashValue prefix_parent_value(const HashValue& left, const HashValue& right) {
  return sha256({kParentPrefix, left, right});
}

}  // namespace kt::keytrans
