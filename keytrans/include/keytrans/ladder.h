// Binary ladders: which versions of a label are looked up in one log entry's
// prefix tree, and what the results say.
//
// Source: draft, "Binary Ladder", "Search Binary Ladder", "Monitoring the Tree /
// Binary Ladder" and the appendix "Binary Ladder". Versions above 2^32-1 are
// skipped and count as non-inclusion (known-gaps 10); every ladder has at most 64
// lookups, whatever the version.
//
// A series of lookups is a `LookupPlan`: the prover runs it against a prefix tree,
// the verifier against the results of a PrefixProof, and both learn the same.
//
// Thread rule: plain values.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <vector>

#include "keytrans/result.h"
#include "keytrans/types.h"

namespace kt::keytrans {

// The lookups that establish `greatest` as the greatest version (appendix, base_binary_ladder).
[[nodiscard]] std::vector<Version> base_binary_ladder(Version greatest);

// The lookups of a monitoring binary ladder: those of the base ladder up to `target`.
[[nodiscard]] std::vector<Version> monitoring_binary_ladder(Version target);

// What a search binary ladder says of the greatest version beside the target version.
enum class LadderOutcome { less, equal, greater };

// What the current response has shown about one label's versions so far, to leave out
// lookups that would repeat it ("Search Binary Ladder", second optimization).
class LookupTracker {
 public:
  void record(EntryIndex entry, Version version, bool included);

  // The result of looking `version` up at `entry` where it is already implied: included because a
  // log entry to the left showed inclusion, or not because one to the right showed non-inclusion.
  //
  // Non-inclusion is only ever implied for versions above the target: had a ladder to the right
  // shown it for a lesser one, the search would not have gone left from there.
  [[nodiscard]] std::optional<bool> implied(EntryIndex entry, Version version) const;

 private:
  std::map<Version, EntryIndex> leftmost_inclusion_;
  std::map<Version, EntryIndex> rightmost_non_inclusion_;
};

// A series of lookups in one log entry's prefix tree. Use: while next() gives a version, look it
// up and call answer().
class LookupPlan {
 public:
  LookupPlan() = default;
  LookupPlan(const LookupPlan&) = delete;
  LookupPlan& operator=(const LookupPlan&) = delete;
  virtual ~LookupPlan() = default;

  // The next version to look up; nothing when the series is complete.
  [[nodiscard]] virtual std::optional<Version> next() = 0;

  // The result for the version that next() gave.
  virtual void answer(bool included) = 0;
};

// A search binary ladder for `target`, which ends early as soon as the outcome is certain.
class SearchLadder final : public LookupPlan {
 public:
  explicit SearchLadder(Version target);
  // Leaves out what `tracker` implies at `entry`, and records there what is looked up.
  SearchLadder(Version target, EntryIndex entry, LookupTracker& tracker);

  [[nodiscard]] std::optional<Version> next() override;
  void answer(bool included) override;

  // Requires: next() has returned nothing.
  [[nodiscard]] LadderOutcome outcome() const { return outcome_; }

 private:
  // Ends the ladder if `version`'s result makes the outcome certain.
  void conclude(Version version, bool included);

  Version target_;
  std::vector<Version> ladder_;
  std::size_t position_ = 0;
  EntryIndex entry_;
  LookupTracker* tracker_ = nullptr;
  LadderOutcome outcome_ = LadderOutcome::equal;
};

// Lookups that must all be included: a monitoring binary ladder, or versions named one by one.
class InclusionLookups final : public LookupPlan {
 public:
  explicit InclusionLookups(std::vector<Version> versions) : versions_(std::move(versions)) {}

  [[nodiscard]] std::optional<Version> next() override;
  void answer(bool included) override;

  // Whether every lookup showed inclusion. Requires: next() has returned nothing.
  [[nodiscard]] bool all_included() const { return all_included_; }

 private:
  std::vector<Version> versions_;
  std::size_t position_ = 0;
  bool all_included_ = true;
};

// A single lookup whose result decides.
class SingleLookup final : public LookupPlan {
 public:
  explicit SingleLookup(Version version) : version_(version) {}

  [[nodiscard]] std::optional<Version> next() override;
  void answer(bool included) override { included_ = included; }

  // Requires: answer() was called.
  [[nodiscard]] bool included() const { return included_; }

 private:
  Version version_;
  bool asked_ = false;
  bool included_ = false;
};

}  // namespace kt::keytrans
