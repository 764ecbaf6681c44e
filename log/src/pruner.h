// Gives up what the maximum lifetime allows to, step by step. Internal.
//
// Given up are, once all entries that need them are expired: nodes of the prefix tree, by the
// record of what each entry superseded; values and openings of versions that were replaced, by
// going through all values; auditors' updates; pseudonyms of erased labels. What stays is the log
// tree with all its entries, so that users who return after longer than the lifetime can still be
// shown that the log is the one they knew; and a version's VRF and commitment, as long as the
// prefix tree has its leaf.
//
// It writes to records that the sequencer does not touch, so both may commit: values of an erased
// label are erased by both to the same end, and a pseudonym is final once it can be given up.
//
// Thread rule: one thread at a time.
#pragma once

#include <optional>

#include "keytrans/log_configuration.h"
#include "log/prune.h"
#include "records.h"

namespace kt::log {

class Pruner {
 public:
  // Borrows all. Requires: the configuration has a maximum lifetime.
  Pruner(store::Store& store, const Tables& tables, const keytrans::LogConfiguration& configuration)
      : store_(store), tables_(tables), lifetime_(*configuration.wire().maximum_lifetime) {}

  // Gives some hundred records up, in one commit. `state` is what is served, or served next.
  // Result: whether there is more to do. Errors: corrupt, or unavailable.
  Result<bool> step(const State& state);

  [[nodiscard]] const Pruned& pruned() const { return pruned_; }

 private:
  // What a step does, and what it gave up when that is committed.
  struct Step {
    store::Batch batch;
    Pruned pruned;
    std::size_t records = 0;
  };
  Result<EntryIndex> first_unexpired(const store::Snapshot& snapshot, const State& state) const;
  Result<void> give_up_nodes(const store::Snapshot& snapshot, EntryIndex first, Step& step) const;
  Result<void> give_up_some(const store::Snapshot& snapshot, std::uint64_t superseder,
                            NodesByChunk nodes, Step& step) const;
  Result<void> give_up_auditor_updates(const store::Snapshot& snapshot, const State& state,
                                       EntryIndex first, Step& step) const;
  Result<void> give_up_values(const store::Snapshot& snapshot, EntryIndex first, Step& step);
  Result<void> give_up_pseudonyms(const store::Snapshot& snapshot, EntryIndex first, Step& step);
  Result<EntryIndex> position(const store::Snapshot& snapshot, const Label& label,
                              Version version) const;

  store::Store& store_;
  const Tables& tables_;
  std::uint64_t lifetime_;  // milliseconds
  Pruned pruned_;
  // How far a table that is not ordered by entries has been gone through.
  struct Walk {
    Bytes from;
    bool done = false;
  };
  std::optional<EntryIndex> walked_for_;  // the first unexpired entry of both
  Walk values_;
  Walk pseudonyms_;
};

}  // namespace kt::log
