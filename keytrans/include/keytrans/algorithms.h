// The draft's algorithms, each once, for prover and verifier alike.
//
// Each function is one section of the draft, run over a CombinedTree. Errors are the
// handle's, and: verification_failed when the log contradicts itself, not_found when an
// honest answer is negative (a version that does not exist or is expired), rejected when
// the request itself breaks the algorithm's precondition.
//
// Thread rule: one thread at a time.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "keytrans/combined_tree.h"

namespace kt::keytrans {

// "Updating Views of the Tree / Algorithm". `previous` is the size of the tree the user observed
// before, at most tree.size().
Result<void> update_view(CombinedTree& tree, std::optional<TreeSize> previous);

// Where a search ended.
struct Terminal {
  EntryIndex entry;
  // Whether it is to the right of the rightmost distinguished entry, so that in Contact Monitoring
  // mode the user MUST monitor the label.
  bool beyond_distinguished = false;

  friend bool operator==(const Terminal&, const Terminal&) = default;
};

// "Greatest-Version Search / Algorithm".
Result<Terminal> search_greatest_version(CombinedTree& tree, Version claimed);

// "Fixed-Version Search / Algorithm". Errors: not_found when the version does not exist or is
// expired.
Result<Terminal> search_fixed_version(CombinedTree& tree, Version target);

// "Contact Algorithm". An entry of the monitoring map afterwards.
struct MonitoredEntry {
  MonitorMapEntry entry;
  // The distinguished entry whose inspection was left to the owner algorithm (step 2.4).
  std::optional<EntryIndex> left_to_owner;
};

// `map` is in ascending order by position and by version. `owner_start` is the owner's advertised
// starting position when this runs as part of an Owner Monitoring operation. The result is what
// remains to be monitored, in ascending order.
// Errors: rejected when `map` is out of order or names an entry beyond the tree.
Result<std::vector<MonitoredEntry>> monitor_contact(CombinedTree& tree,
                                                    std::span<const MonitorMapEntry> map,
                                                    std::optional<EntryIndex> owner_start);

// Step 1 of the first owner algorithm: `start` and the entries of its direct path to its left,
// ending before the first expired one.
// Errors: rejected unless `start` is an unexpired distinguished log entry.
Result<std::vector<EntryIndex>> owner_init_entries(CombinedTree& tree, EntryIndex start);

// Steps 2 and 5 of the first owner algorithm. greatest[i] is the greatest version at entries[i];
// past the end of `greatest` the label did not exist.
Result<void> verify_owner_init(CombinedTree& tree, std::span<const EntryIndex> entries,
                               std::span<const Version> greatest);

// The greatest version of the label that exists, or is expected, at a log entry.
using GreatestAt = std::function<Result<std::optional<Version>>(EntryIndex)>;

// The second owner algorithm: inspects distinguished entries to the right of `start`, in order,
// until `stop(entry)` says so, and returns the rightmost one inspected, or `start`.
Result<EntryIndex> monitor_owner(CombinedTree& tree, EntryIndex start, const GreatestAt& expected,
                                 const std::function<Result<bool>(EntryIndex)>& stop);

// The most new versions of a label that one log entry can hold: an UpdateResponse has room for 255
// VRF proofs, and a binary ladder never needs more than 64 of them.
inline constexpr std::uint64_t kMaxNewVersions = 255 + 64;

// What "Updating a Label" is told of new versions of a label in one log entry.
struct NewVersions {
  EntryIndex position;                          // the log entry that contains them
  std::optional<Version> previous;              // greatest version before
  std::optional<EntryIndex> previous_position;  // where it was inserted, if after the owner's start
  Version greatest;                             // greatest version after

  // How many versions are new. Requires: greatest is greater than previous.
  [[nodiscard]] std::uint64_t count() const {
    return std::uint64_t{greatest.value()} + 1 -
           (previous ? std::uint64_t{previous->value()} + 1 : 0);
  }
};

// The versions whose VRF proofs an UpdateResponse carries, ascending ("Updating a Label").
// Requires: at most kMaxNewVersions new versions.
[[nodiscard]] std::vector<Version> update_ladder(std::optional<Version> previous, Version greatest);

// Whether one UpdateResponse has room for what update_ladder() lists: a log must not insert more
// versions of a label in one entry than it can tell the owner of.
[[nodiscard]] bool fits_update_response(std::optional<Version> previous, Version greatest);

// "Updating a Label / Algorithm". Returns whether the position is distinguished, in which case the
// owner need not add it to the monitoring map. `greatest_at` is asked only for entries that the
// owner's starting position covers or that lie to its right.
// Requires: at least one and at most kMaxNewVersions new versions.
// Errors: rejected when the position is not in the tree.
Result<bool> verify_new_versions(CombinedTree& tree, const NewVersions& update,
                                 const GreatestAt& greatest_at);

// An application's definition of a "recent" distinguished log entry: one of the `count` rightmost,
// or one whose timestamp is less than `max_age` milliseconds before that of the rightmost entry.
// Expired entries are never recent.
struct RecentPolicy {
  enum class Kind { count, max_age };
  Kind kind = Kind::count;
  std::uint64_t value = 8;

  [[nodiscard]] static RecentPolicy rightmost(std::uint64_t count) { return {Kind::count, count}; }
  [[nodiscard]] static RecentPolicy younger_than(std::uint64_t milliseconds) {
    return {Kind::max_age, milliseconds};
  }
  friend bool operator==(const RecentPolicy&, const RecentPolicy&) = default;
};

// "Walking Distinguished Heads / Algorithm": the recent distinguished entries to the right of
// `stop`, ascending.
Result<std::vector<EntryIndex>> walk_distinguished(CombinedTree& tree, const RecentPolicy& recent,
                                                   std::optional<EntryIndex> stop);

}  // namespace kt::keytrans
