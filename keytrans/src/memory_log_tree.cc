#include "keytrans/log_tree.h"

namespace kt::keytrans {

void MemoryLogTree::append(const HashValue& leaf_value) {
  HashValue head = leaf_value;
  for (std::size_t level = 0;; ++level) {
    if (level == levels_.size()) levels_.emplace_back();
    std::vector<HashValue>& heads = levels_[level];
    heads.push_back(head);
    if (heads.size() % 2 == 1) return;
    head = log_parent(heads[heads.size() - 2], level == 0, heads.back(), level == 0);
  }
}

TreeSize MemoryLogTree::size() const {
  return TreeSize{levels_.empty() ? 0 : levels_.front().size()};
}

Result<HashValue> MemoryLogTree::node(Subtree node) const {
  if (node.level >= levels_.size() || node.start >> node.level >= levels_[node.level].size()) {
    return fail(Errc::not_found, "log tree has no such subtree");
  }
  return levels_[node.level][node.start >> node.level];
}

}  // namespace kt::keytrans
