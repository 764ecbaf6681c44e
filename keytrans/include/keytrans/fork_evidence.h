// Detecting forks, and proving them to a third party.
//
// Users compare the roots of the log at its recent distinguished entries, obtained over
// roads the log cannot tell apart. Where they differ, two signed responses make
// evidence that anyone can check offline: the log signed two heads, and the trees
// below them disagree on the same first entries.
//
// Source: draft, "Walking Distinguished Heads / Detecting Forks"; known-gaps 6. The
// evidence structure is ours, as the draft has none.
//
// Thread rule: pure functions, plain values.
#pragma once

#include <array>
#include <optional>
#include <span>

#include "keytrans/client_state.h"
#include "keytrans/message_view.h"

namespace kt::keytrans {

// The roots of the log at `known`, in left-to-right order.
[[nodiscard]] DistinguishedHead distinguished_head(std::span<const KnownDistinguished> known);

enum class HeadComparison {
  consistent,    // an end of one list is an end of the other, so they share at least one root
  inconsistent,  // they do not
};

// The draft's compare_roots, for lists of any two lengths: a non-empty end part of one list equals
// the beginning of the other.
[[nodiscard]] HeadComparison compare_heads(const DistinguishedHead& a, const DistinguishedHead& b);

// What two lists of distinguished entries say of one another. A log that behaves adds entries to
// the right of those it has, so within the entries that both lists reach over, they are the same
// ones.
enum class ListComparison {
  same,       // they share an entry, and all in between, with their roots
  apart,      // nothing is in both reaches, so nothing was compared
  different,  // one of them is not, or has another root
};

// Unlike compare_heads() it knows where the entries are, so that lists of different times are not
// taken for different histories. Requires: both ascending, as walk_distinguished() finds them.
[[nodiscard]] ListComparison compare_lists(std::span<const KnownDistinguished> a,
                                           std::span<const KnownDistinguished> b);

// struct {
//   TreeHead tree_head;
//   HashValue full_subtrees<0..2^8-1>;   // of the tree's first ForkEvidence.size entries
//   InclusionProof consistency;          // from there to tree_head.tree_size
// } ForkBranch;
struct ForkBranch {
  TreeHead tree_head;
  std::vector<HashValue> full_subtrees;
  InclusionProof consistency;

  friend bool operator==(const ForkBranch&, const ForkBranch&) = default;
};

// struct {
//   opaque magic[8] = "KTFORK\0\1";
//   Configuration config;
//   uint64 size;
//   ForkBranch branches[2];
// } ForkEvidence;
struct ForkEvidence {
  Configuration config;
  TreeSize size;
  std::array<ForkBranch, 2> branches;

  Result<Bytes> serialize() const;
  // Errors: malformed.
  static Result<ForkEvidence> parse(ByteView bytes);

  friend bool operator==(const ForkEvidence&, const ForkEvidence&) = default;
};

// Its fields but the magic, with the two branches as a list.
void show(const ForkEvidence& evidence, FieldSink& sink);

// Succeeds if the evidence proves that the log of its configuration signed two heads that cannot
// both be true: each signature holds over the root its branch leads to, and the two trees have
// different first `size` entries.
// Errors: verification_failed, saying what does not hold.
Result<void> verify_fork_evidence(const ForkEvidence& evidence);

// Verifies both responses as a user without state would (the clock apart, for evidence does not
// age) and looks for a distinguished entry at which the two trees differ. Both must answer
// requests without `last` and `stop`.
// Returns nothing when they agree wherever they can be compared.
// Errors: verification_failed when a response does not verify.
Result<std::optional<ForkEvidence>> find_fork(const LogConfiguration& configuration,
                                              const DistinguishedResponse& a,
                                              const DistinguishedResponse& b,
                                              const RecentPolicy& recent);

// What a response shows, whenever it was given.
struct ShownTree {
  TreeSize size;
  Timestamp rightmost;  // when the last entry was made
  std::vector<KnownDistinguished> distinguished;
};

// compare_lists(), and besides: a tree that is smaller and has a newer last entry is none of the
// same history, as timestamps do not go back.
[[nodiscard]] ListComparison compare_shown(const ShownTree& a, const ShownTree& b);

// Verifies `response` as find_fork() does. Errors: verification_failed.
Result<ShownTree> verify_shown(const LogConfiguration& configuration,
                               const DistinguishedResponse& response, const RecentPolicy& recent);

}  // namespace kt::keytrans
