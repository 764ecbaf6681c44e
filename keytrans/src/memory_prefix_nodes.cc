#include "keytrans/prefix_tree.h"

namespace kt::keytrans {

Result<PrefixNode> MemoryPrefixNodes::get(PrefixNodeRef ref) const {
  if (ref == 0 || ref > nodes_.size()) return fail(Errc::corrupt, "no such prefix tree node");
  return nodes_[static_cast<std::size_t>(ref - 1)];
}

Result<PrefixNodeRef> MemoryPrefixNodes::put(const PrefixNode& node) {
  nodes_.push_back(node);
  return nodes_.size();
}

}  // namespace kt::keytrans
