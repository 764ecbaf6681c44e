// The log tree: hashing, batch proofs, and the two forms in which its nodes are kept ("Log Tree",
// "Cryptographic Computations / Log Tree", "Tree Proofs / Log Tree").
//
// A prover has a `LogNodes` and calls prove_batch(). A verifier has leaf values, perhaps retained
// heads, and the proof's elements, and calls evaluate_batch(); what comes back is a *candidate*:
// the tree that the proof describes. It is the log's tree only once its root was checked against a
// signed tree head.
//
// Which nodes a proof carries is decided by batch_steps() of log_math.h, for both sides.
//
// Thread rule: values and pure functions; a `LogNodes` says for itself.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "keytrans/bytes.h"
#include "keytrans/log_math.h"
#include "keytrans/result.h"
#include "keytrans/types.h"

namespace kt::keytrans {

// The value of a log entry's leaf: the hash of its `LogEntry`.
[[nodiscard]] HashValue log_leaf_value(Timestamp timestamp, const HashValue& prefix_tree);

// The value of a parent from those of its children, each hashed under the prefix of its kind
// (`hashContent`).
[[nodiscard]] HashValue log_parent(const HashValue& left, bool left_is_leaf, const HashValue& right,
                                   bool right_is_leaf);

// The root of a tree of `size` leaves from the heads of its full subtrees, left to right.
// Requires: size > 0 and one head for each full subtree.
[[nodiscard]] HashValue log_root(TreeSize size, std::span<const HashValue> full_subtrees);

// --- Prover ---------------------------------------------------------------------------------

// Where a prover finds the heads of balanced subtrees.
class LogNodes {
 public:
  virtual ~LogNodes() = default;

  // The value of the head of `node`, which for level 0 is the leaf value itself.
  // Errors: not_found when a leaf of `node` does not exist yet; whatever the storage reports.
  virtual Result<HashValue> node(Subtree node) const = 0;
};

// The elements of the batch proof that the parameters ask for, left to right.
// Requires: what batch_steps() requires. Errors: those of `nodes`.
Result<std::vector<HashValue>> prove_batch(const LogNodes& nodes, TreeSize size,
                                           std::span<const EntryIndex> leaves,
                                           std::optional<TreeSize> retained,
                                           std::optional<TreeSize> auditor);

// --- Verifier -------------------------------------------------------------------------------

// A leaf the verifier knows the value of.
struct LogLeaf {
  EntryIndex index;
  HashValue value{};
};

// What a user keeps of the last tree head it verified: its size and the heads of its full subtrees,
// left to right. Borrows the heads.
struct RetainedSubtrees {
  TreeSize size;
  std::span<const HashValue> full_subtrees;
};

// The nodes of a log tree that a batch proof made known.
class LogTreeValues {
 public:
  [[nodiscard]] TreeSize size() const { return size_; }

  // The root of the tree of size().
  [[nodiscard]] HashValue root() const;

  // The heads to retain for size(), left to right.
  [[nodiscard]] std::vector<HashValue> full_subtrees() const;

  // The same for the log's first `size` leaves; nothing if `size` is 0, exceeds size() or has a
  // full subtree that is not known. Always known: the retained and the auditor's size, and d+1 for
  // every leaf d that was given.
  [[nodiscard]] std::optional<HashValue> root_at(TreeSize size) const;
  [[nodiscard]] std::optional<std::vector<HashValue>> full_subtrees_at(TreeSize size) const;

  // The value of one node, if known.
  [[nodiscard]] std::optional<HashValue> node(Subtree node) const;

 private:
  friend Result<LogTreeValues> evaluate_batch(TreeSize, std::span<const LogLeaf>,
                                              const std::optional<RetainedSubtrees>&,
                                              std::optional<TreeSize>, std::span<const HashValue>);
  LogTreeValues(TreeSize size, std::vector<std::pair<Subtree, HashValue>> known);

  TreeSize size_;
  std::vector<std::pair<Subtree, HashValue>> known_;  // ascending by subtree
};

// The tree of `size` leaves that `leaves`, `retained` and `elements` describe.
// Requires: `leaves` ascending by index without repetition.
// Errors: malformed when `retained` has not one head for each of its full subtrees;
// verification_failed when `size` is 0, a leaf, the retained or the auditor's size lies beyond it,
// the number of elements is not exactly the expected one, or a retained head differs from the value
// computed for it ("Users MUST verify that the computed value for the head of any such subtree
// matches the retained value").
Result<LogTreeValues> evaluate_batch(TreeSize size, std::span<const LogLeaf> leaves,
                                     const std::optional<RetainedSubtrees>& retained,
                                     std::optional<TreeSize> auditor,
                                     std::span<const HashValue> elements);

// --- Growing a tree -------------------------------------------------------------------------

// A log tree that only grows, of which nothing is kept but the heads of its full subtrees. This is
// an auditor's state ("Auditing", step 7).
class LogAccumulator {
 public:
  // The tree without leaves.
  LogAccumulator() = default;

  // Errors: malformed unless there is one head for each full subtree of `size`.
  static Result<LogAccumulator> create(TreeSize size, std::vector<HashValue> full_subtrees);

  // Requires: size() < 2^64-1.
  void append(const HashValue& leaf_value);

  [[nodiscard]] TreeSize size() const { return size_; }
  // Left to right.
  [[nodiscard]] const std::vector<HashValue>& full_subtrees() const { return heads_; }
  // Requires: size() > 0.
  [[nodiscard]] HashValue root() const;

 private:
  LogAccumulator(TreeSize size, std::vector<HashValue> heads)
      : size_(size), heads_(std::move(heads)) {}

  TreeSize size_;
  std::vector<HashValue> heads_;
};

// A log tree held in memory with every balanced subtree's head. For tests, tools and small logs.
// Thread rule: none; append() needs exclusive access.
class MemoryLogTree final : public LogNodes {
 public:
  void append(const HashValue& leaf_value);

  [[nodiscard]] TreeSize size() const;
  Result<HashValue> node(Subtree node) const override;

 private:
  std::vector<std::vector<HashValue>> levels_;  // levels_[k][i] heads [i * 2^k, (i + 1) * 2^k)
};

}  // namespace kt::keytrans
