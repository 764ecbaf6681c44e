// Balanced subtrees of the log tree, and which of their heads a batch proof carries ("Log Tree",
// "Tree Proofs / Log Tree").
//
// The log tree is left-balanced. Its *full subtrees* are its largest balanced subtrees: one for
// each bit set in the tree's size, largest first. Proofs carry heads of balanced subtrees only,
// because those never change again once their leaves exist.
//
// A batch proof for a tree of size n combines inclusion of some leaves with consistency with a
// retained size m and, if an auditor's tree head is shown, with the auditor's size a. It is laid
// out by walking down from each full subtree of n:
//   - a given leaf needs nothing;
//   - a node is descended into if it strictly contains a given leaf, a full subtree of m or a full
//     subtree of a;
//   - a node that is a full subtree of m and is not descended into is one the user retained;
//   - any other node is an element of the proof.
//
// A choice of ours: where a full subtree of a, or a given leaf, lies strictly inside a full subtree
// of m, all the pieces of that subtree are provided, so that its head is computed again and
// compared with the retained one. Reading "minimum" strictly one could leave out pieces and use the
// retained head instead, but then nothing would tie the auditor's root to the view the user holds.
//
// All functions take sizes up to 2^64-1 and cost O(leaves * log n); none walks over the log.
//
// Thread rule: pure functions.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "keytrans/types.h"

namespace kt::keytrans {

// The balanced subtree over the leaves [start, start + 2^level). `start` is a multiple of 2^level.
// Ordered by start, then by level.
struct Subtree {
  std::uint64_t start = 0;
  std::uint8_t level = 0;

  [[nodiscard]] constexpr bool is_leaf() const { return level == 0; }
  // One past the last leaf.
  [[nodiscard]] constexpr std::uint64_t end() const { return start + (std::uint64_t{1} << level); }
  // The two halves. Requires: not a leaf.
  [[nodiscard]] constexpr Subtree left() const {
    return {start, static_cast<std::uint8_t>(level - 1)};
  }
  [[nodiscard]] constexpr Subtree right() const {
    const auto child_level = static_cast<std::uint8_t>(level - 1);
    return {start + (std::uint64_t{1} << child_level), child_level};
  }

  friend constexpr auto operator<=>(const Subtree&, const Subtree&) = default;
};

// The leaf of `entry` as a subtree.
[[nodiscard]] constexpr Subtree leaf_subtree(EntryIndex entry) { return {entry.value(), 0}; }

// The full subtrees of a tree of `size` leaves, left to right; empty for size 0.
[[nodiscard]] std::vector<Subtree> full_subtrees(TreeSize size);

// Whether `node` is one of full_subtrees(size).
[[nodiscard]] bool is_full_subtree(Subtree node, TreeSize size);

// What a batch proof does with one node.
enum class BatchRole : std::uint8_t {
  leaf,      // a given leaf
  retained,  // a full subtree of the retained size that the proof does not open
  element,   // carried by the proof
  parent,    // computed from its two children
};

struct BatchStep {
  Subtree node;
  BatchRole role;

  friend bool operator==(const BatchStep&, const BatchStep&) = default;
};

// Every node a batch proof touches, children before parents and left before right: the program of a
// stack machine that computes the full subtrees of `size`. Prover and verifier both follow it.
// Requires: `leaves` ascending without repetition and below `size`; retained and auditor sizes, if
// any, at most `size`. A retained or auditor size of 0 is the same as none.
[[nodiscard]] std::vector<BatchStep> batch_steps(TreeSize size, std::span<const EntryIndex> leaves,
                                                 std::optional<TreeSize> retained,
                                                 std::optional<TreeSize> auditor);

// The elements of a batch proof, left to right: the steps of batch_steps() whose role is `element`.
// Requires: what batch_steps() requires.
[[nodiscard]] std::vector<Subtree> batch_copath(TreeSize size, std::span<const EntryIndex> leaves,
                                                std::optional<TreeSize> retained,
                                                std::optional<TreeSize> auditor);

}  // namespace kt::keytrans
