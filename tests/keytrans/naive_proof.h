// What a CombinedTreeProof must hold, read straight from "Combined Tree" (Tree Proofs): which log
// entries' timestamps, in which order, and which series of lookups with which results.
//
// Prover and verifier of the library share every algorithm, so together they could be wrong and
// still agree. This writes the algorithms down a second time, over the naive model, which knows all
// answers beforehand; only the questions are recorded.
//
// Thread rule: plain values.
#pragma once

#include <optional>
#include <set>
#include <vector>

#include "naive_model.h"

namespace kt::keytrans {

// The appendix "Binary Ladder", for a label of which `greatest` is the greatest version.
[[nodiscard]] std::vector<std::uint64_t> naive_base_ladder(std::uint64_t greatest);

class NaiveProof {
 public:
  struct Lookups {
    EntryIndex entry;
    std::vector<bool> included;

    friend bool operator==(const Lookups&, const Lookups&) = default;
  };

  // Begins with "Updating View". Borrows `tree`. `last` is what the user advertised.
  NaiveProof(const NaiveTree& tree, std::optional<TreeSize> last);

  void search_greatest(const Label& label);
  void search_fixed(const Label& label, Version target);
  void monitor(std::vector<MonitorMapEntry> map, std::optional<EntryIndex> owner_start);
  void init_owner(const Label& label, EntryIndex start);
  void monitor_owner(const Label& label, const NaiveOwnerWalk& walk);
  // `before` is what the owner knows before `update`.
  void update(const Label& label, const NaiveOwner& before, const NaiveUpdate& update);
  void walk(const RecentPolicy& recent, std::optional<EntryIndex> stop);

  // The entries whose timestamps the proof gives.
  [[nodiscard]] const std::vector<EntryIndex>& timestamps() const { return timestamps_; }
  [[nodiscard]] const std::vector<Lookups>& lookups() const { return lookups_; }
  // The entries whose prefix roots it gives.
  [[nodiscard]] std::vector<EntryIndex> prefix_roots() const;

 private:
  // Versions that one response showed to be included, going from left to right.
  using Shown = std::set<std::uint64_t>;

  void need_timestamp(EntryIndex entry);
  void need_timestamps_above(EntryIndex entry);
  void look_up(EntryIndex entry, std::vector<bool> included);
  // The lookups of a search binary ladder, without those for what is in `left` or `right`.
  [[nodiscard]] std::vector<std::uint64_t> ladder(const Label& label, EntryIndex entry,
                                                  std::uint64_t target, const Shown& left,
                                                  const Shown& right) const;
  [[nodiscard]] bool exists(const Label& label, EntryIndex entry, std::uint64_t version) const;
  void search_ladder(const Label& label, EntryIndex entry, std::uint64_t target,
                     const Shown& left = {}, const Shown& right = {});
  void visit_as_owner(const Label& label, const NaiveOwnerWalk& walk, EntryIndex entry);
  void visit_distinguished(const std::vector<EntryIndex>& recent, std::optional<EntryIndex> stop,
                           EntryIndex entry);

  const NaiveTree* tree_;
  std::vector<EntryIndex> retained_;
  std::vector<EntryIndex> timestamps_;
  std::vector<Lookups> lookups_;
};

}  // namespace kt::keytrans
