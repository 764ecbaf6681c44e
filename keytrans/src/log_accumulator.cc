#include <bit>
#include <cstdint>
#include <limits>

#include "keytrans/log_tree.h"

namespace kt::keytrans {

Result<LogAccumulator> LogAccumulator::create(TreeSize size, std::vector<HashValue> full_subtrees) {
  if (full_subtrees.size() != static_cast<std::size_t>(std::popcount(size.value()))) {
    return fail(Errc::malformed, "heads of full subtrees do not fit the tree size");
  }
  return LogAccumulator(size, std::move(full_subtrees));
}

void LogAccumulator::append(const HashValue& leaf_value) {
  KT_ASSERT(size_.value() < std::numeric_limits<std::uint64_t>::max());
  // Adding one to the size carries through its trailing one bits; every carry joins two full
  // subtrees of the same size.
  HashValue head = leaf_value;
  const int carries = std::countr_one(size_.value());
  for (int level = 0; level < carries; ++level) {
    head = log_parent(heads_.back(), level == 0, head, level == 0);
    heads_.pop_back();
  }
  heads_.push_back(head);
  size_ = TreeSize{size_.value() + 1};
}

HashValue LogAccumulator::root() const { return log_root(size_, heads_); }

}  // namespace kt::keytrans
