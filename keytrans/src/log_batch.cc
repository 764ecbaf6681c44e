// Batch proofs from the log tree: the prover and the verifier of one InclusionProof, both following
// batch_steps().
#include <algorithm>
#include <bit>
#include <cstdint>

#include "keytrans/log_tree.h"

namespace kt::keytrans {
namespace {

std::size_t full_subtree_count(TreeSize size) {
  return static_cast<std::size_t>(std::popcount(size.value()));
}

// The retained head of `node`, if it is one of the retained full subtrees.
std::optional<HashValue> retained_head(const std::optional<RetainedSubtrees>& retained,
                                       Subtree node) {
  if (!retained || !is_full_subtree(node, retained->size)) return std::nullopt;
  // Full subtrees stand largest first, so before this one come those of the size's higher bits.
  const std::uint64_t higher_bits = retained->size.value() >> node.level >> 1U;
  return retained->full_subtrees[full_subtree_count(TreeSize{higher_bits})];
}

// What batch_steps() requires, as far as it depends on a peer.
Result<void> check_sizes(TreeSize size, std::span<const LogLeaf> leaves,
                         const std::optional<RetainedSubtrees>& retained,
                         std::optional<TreeSize> auditor) {
  if (size.value() == 0) return fail(Errc::verification_failed, "log tree of size 0 has no root");
  if (!leaves.empty() && leaves.back().index.value() >= size.value()) {
    return fail(Errc::verification_failed, "log entry lies beyond the tree size");
  }
  if (retained && retained->size > size) {
    return fail(Errc::verification_failed, "tree size is smaller than the retained one");
  }
  if (retained && retained->full_subtrees.size() != full_subtree_count(retained->size)) {
    return fail(Errc::malformed, "retained heads do not fit the retained size");
  }
  if (auditor && *auditor > size) {
    return fail(Errc::verification_failed, "auditor's tree size lies beyond the tree size");
  }
  return {};
}

// The stack machine that batch_steps() is the program of.
class BatchEvaluation {
 public:
  BatchEvaluation(std::span<const LogLeaf> leaves, std::span<const HashValue> elements,
                  const std::optional<RetainedSubtrees>& retained)
      : leaves_(leaves), elements_(elements), retained_(retained) {}

  // Makes the value of `step`'s node known.
  Result<void> run(const BatchStep& step) {
    const HashValue value = value_of(step);
    // A head that was opened is computed again, and must come out as it was.
    const auto retained = retained_head(retained_, step.node);
    if (retained && *retained != value) {
      return fail(Errc::verification_failed, "retained subtree differs from the computed one");
    }
    stack_.push_back(value);
    known_.emplace_back(step.node, value);
    return {};
  }

  // Every node known, ascending by subtree.
  [[nodiscard]] std::vector<std::pair<Subtree, HashValue>> take_known() && {
    std::sort(known_.begin(), known_.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    return std::move(known_);
  }

 private:
  [[nodiscard]] HashValue value_of(const BatchStep& step) {
    switch (step.role) {
      case BatchRole::leaf: return take_front(leaves_).value;
      case BatchRole::element: return take_front(elements_);
      case BatchRole::retained: return *retained_head(retained_, step.node);
      case BatchRole::parent: break;
    }
    const bool children_are_leaves = step.node.level == 1;
    const HashValue right = pop();
    const HashValue left = pop();
    return log_parent(left, children_are_leaves, right, children_are_leaves);
  }

  template <class T>
  [[nodiscard]] static const T& take_front(std::span<const T>& queue) {
    KT_ASSERT(!queue.empty());
    const T& front = queue.front();
    queue = queue.subspan(1);
    return front;
  }

  [[nodiscard]] HashValue pop() {
    KT_ASSERT(!stack_.empty());
    const HashValue top = stack_.back();
    stack_.pop_back();
    return top;
  }

  std::span<const LogLeaf> leaves_;
  std::span<const HashValue> elements_;
  const std::optional<RetainedSubtrees>& retained_;
  std::vector<HashValue> stack_;
  std::vector<std::pair<Subtree, HashValue>> known_;
};

}  // namespace

Result<std::vector<HashValue>> prove_batch(const LogNodes& nodes, TreeSize size,
                                           std::span<const EntryIndex> leaves,
                                           std::optional<TreeSize> retained,
                                           std::optional<TreeSize> auditor) {
  std::vector<HashValue> elements;
  for (const Subtree node : batch_copath(size, leaves, retained, auditor)) {
    KT_TRY(const HashValue value, nodes.node(node));
    elements.push_back(value);
  }
  return elements;
}

Result<LogTreeValues> evaluate_batch(TreeSize size, std::span<const LogLeaf> leaves,
                                     const std::optional<RetainedSubtrees>& retained,
                                     std::optional<TreeSize> auditor,
                                     std::span<const HashValue> elements) {
  KT_TRY(check_sizes(size, leaves, retained, auditor));
  std::vector<EntryIndex> indices;
  indices.reserve(leaves.size());
  for (const LogLeaf& leaf : leaves) indices.push_back(leaf.index);
  std::optional<TreeSize> retained_size;
  if (retained) retained_size = retained->size;

  const std::vector<BatchStep> steps = batch_steps(size, indices, retained_size, auditor);
  const auto expected = std::count_if(steps.begin(), steps.end(), [](const BatchStep& step) {
    return step.role == BatchRole::element;
  });
  if (elements.size() != static_cast<std::size_t>(expected)) {
    return fail(Errc::verification_failed, "inclusion proof has " +
                                               std::to_string(elements.size()) +
                                               " elements instead of " + std::to_string(expected));
  }
  BatchEvaluation evaluation(leaves, elements, retained);
  for (const BatchStep& step : steps) KT_TRY(evaluation.run(step));
  return LogTreeValues(size, std::move(evaluation).take_known());
}

LogTreeValues::LogTreeValues(TreeSize size, std::vector<std::pair<Subtree, HashValue>> known)
    : size_(size), known_(std::move(known)) {}

HashValue LogTreeValues::root() const { return log_root(size_, full_subtrees()); }

std::vector<HashValue> LogTreeValues::full_subtrees() const {
  auto heads = full_subtrees_at(size_);
  KT_ASSERT(heads.has_value());
  return *std::move(heads);
}

std::optional<HashValue> LogTreeValues::root_at(TreeSize size) const {
  const auto heads = full_subtrees_at(size);
  if (!heads) return std::nullopt;
  return log_root(size, *heads);
}

std::optional<std::vector<HashValue>> LogTreeValues::full_subtrees_at(TreeSize size) const {
  if (size.value() == 0 || size > size_) return std::nullopt;
  std::vector<HashValue> heads;
  for (const Subtree subtree : keytrans::full_subtrees(size)) {
    const auto value = node(subtree);
    if (!value) return std::nullopt;
    heads.push_back(*value);
  }
  return heads;
}

std::optional<HashValue> LogTreeValues::node(Subtree node) const {
  const auto found =
      std::lower_bound(known_.begin(), known_.end(), node,
                       [](const auto& entry, Subtree wanted) { return entry.first < wanted; });
  if (found == known_.end() || found->first != node) return std::nullopt;
  return found->second;
}

}  // namespace kt::keytrans
