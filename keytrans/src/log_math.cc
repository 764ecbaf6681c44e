#include "keytrans/log_math.h"

#include <algorithm>
#include <bit>

#include "keytrans/result.h"

namespace kt::keytrans {
namespace {

using Leaves = std::span<const EntryIndex>;

// Whether a full subtree of a tree of `size` leaves lies strictly inside `node`. `node` is aligned,
// so either `size` cuts through it, or it lies within one full subtree, or beyond all of them.
bool strictly_contains_full_subtree(Subtree node, TreeSize size) {
  return node.start < size.value() && size.value() < node.end();
}

// Lays out one batch proof; see the header for the rules.
class BatchPlan {
 public:
  BatchPlan(TreeSize retained, TreeSize auditor) : retained_(retained), auditor_(auditor) {}

  // Appends the steps that make the value of `node` known. `leaves` are the given ones inside it.
  // At most 64 deep: every call halves the subtree.
  void visit(Subtree node, Leaves leaves) {
    const BatchRole role = role_of(node, leaves);
    if (role == BatchRole::parent) {
      const auto middle =
          std::lower_bound(leaves.begin(), leaves.end(), EntryIndex{node.right().start});
      visit(node.left(), Leaves(leaves.begin(), middle));
      visit(node.right(), Leaves(middle, leaves.end()));
    }
    steps_.push_back({node, role});
  }

  [[nodiscard]] std::vector<BatchStep> take() && { return std::move(steps_); }

 private:
  [[nodiscard]] BatchRole role_of(Subtree node, Leaves leaves) const {
    if (!leaves.empty()) return node.is_leaf() ? BatchRole::leaf : BatchRole::parent;
    if (strictly_contains_full_subtree(node, retained_) ||
        strictly_contains_full_subtree(node, auditor_)) {
      return BatchRole::parent;
    }
    return is_full_subtree(node, retained_) ? BatchRole::retained : BatchRole::element;
  }

  TreeSize retained_;
  TreeSize auditor_;
  std::vector<BatchStep> steps_;
};

bool strictly_ascending(Leaves leaves) {
  return std::adjacent_find(leaves.begin(), leaves.end(),
                            [](EntryIndex a, EntryIndex b) { return a >= b; }) == leaves.end();
}

}  // namespace

std::vector<Subtree> full_subtrees(TreeSize size) {
  std::vector<Subtree> subtrees;
  std::uint64_t start = 0;
  while (start < size.value()) {
    const auto level = static_cast<std::uint8_t>(std::bit_width(size.value() - start) - 1);
    subtrees.push_back({start, level});
    start = subtrees.back().end();
  }
  return subtrees;
}

bool is_full_subtree(Subtree node, TreeSize size) {
  // The full subtree of level k exists if bit k of the size is set, and starts where the higher
  // bits say.
  const std::uint64_t from_level = size.value() >> node.level;
  return (from_level & 1) == 1 && node.start == (from_level ^ 1) << node.level;
}

std::vector<BatchStep> batch_steps(TreeSize size, std::span<const EntryIndex> leaves,
                                   std::optional<TreeSize> retained,
                                   std::optional<TreeSize> auditor) {
  KT_ASSERT(strictly_ascending(leaves));
  KT_ASSERT(leaves.empty() || leaves.back().value() < size.value());
  const TreeSize retained_size = retained.value_or(TreeSize{});
  const TreeSize auditor_size = auditor.value_or(TreeSize{});
  KT_ASSERT(retained_size <= size && auditor_size <= size);

  BatchPlan plan(retained_size, auditor_size);
  for (const Subtree head : full_subtrees(size)) {
    const auto end = std::lower_bound(leaves.begin(), leaves.end(), EntryIndex{head.end()});
    plan.visit(head, Leaves(leaves.begin(), end));
    leaves = Leaves(end, leaves.end());
  }
  return std::move(plan).take();
}

std::vector<Subtree> batch_copath(TreeSize size, std::span<const EntryIndex> leaves,
                                  std::optional<TreeSize> retained,
                                  std::optional<TreeSize> auditor) {
  std::vector<Subtree> copath;
  for (const BatchStep& step : batch_steps(size, leaves, retained, auditor)) {
    if (step.role == BatchRole::element) copath.push_back(step.node);
  }
  return copath;
}

}  // namespace kt::keytrans
