// A naive model of a log and of what its users know, read straight from the draft.
//
// Plain lists, gone through from end to end for every question. It shares the library's plain
// structures and none of its algorithms, so that agreement between the two means something. Where
// the draft walks a tree, the model says what the walk must find; that rests on one fact: from left
// to right neither timestamps nor a label's greatest version ever decrease.
//
// Thread rule: plain values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include "keytrans/algorithms.h"
#include "keytrans/client_state.h"

namespace kt::keytrans {

// --- A log --------------------------------------------------------------------------------------

struct NaiveVersion {
  EntryIndex position;         // the log entry it was created in
  std::optional<Bytes> value;  // nothing for a skipped one
};

struct NaiveLog {
  std::uint64_t reasonable_monitoring_window = 0;
  std::optional<std::uint64_t> maximum_lifetime;
  std::vector<Timestamp> timestamps;                  // of the log entries
  std::map<Label, std::vector<NaiveVersion>> labels;  // their versions, in order

  [[nodiscard]] TreeSize size() const { return TreeSize{timestamps.size()}; }
  [[nodiscard]] std::size_t version_count(const Label& label) const;

  // One more log entry, with new versions of some labels.
  void append(Timestamp timestamp,
              const std::map<Label, std::vector<std::optional<Bytes>>>& changes);
};

// --- A log of a certain size, and what its users must be told -----------------------------------

struct NaiveFound {
  Version version;
  Bytes value;
  Terminal terminal;
};

// Why there is no answer to a search.
enum class NaiveRefusal { nonexistent, expired, skipped };

// The new versions of a label in one log entry ("Updating a Label").
struct NaiveUpdate {
  EntryIndex position;
  Version greatest;
  std::uint32_t skipped = 0;
  std::vector<Bytes> values;
};

// What an owner's request inspects, for the contact algorithm that runs with it.
struct NaiveOwnerWalk {
  EntryIndex start;
  EntryIndex reached;  // the last distinguished entry inspected, or `start`
};

class NaiveTree {
 public:
  // Borrows the log. Requires: 0 < size <= the log's.
  NaiveTree(const NaiveLog& log, TreeSize size);

  [[nodiscard]] TreeSize size() const { return TreeSize{size_}; }
  // The tree as it was when it had `size` entries.
  [[nodiscard]] NaiveTree at(TreeSize size) const { return {*log_, size}; }

  // "Implicit Binary Search Tree": from the root to `entry`, both included.
  [[nodiscard]] std::vector<EntryIndex> path(EntryIndex entry) const;
  // The path to the rightmost entry.
  [[nodiscard]] std::vector<EntryIndex> frontier() const;
  // The root of the search tree over the entries from `low` to before `high`. Requires: low < high.
  [[nodiscard]] static EntryIndex root(std::uint64_t low, std::uint64_t high);
  [[nodiscard]] std::optional<EntryIndex> left_child(EntryIndex entry) const;
  [[nodiscard]] std::optional<EntryIndex> right_child(EntryIndex entry) const;

  [[nodiscard]] Timestamp timestamp(EntryIndex entry) const;
  [[nodiscard]] Timestamp latest() const { return timestamp(EntryIndex{size_ - 1}); }

  // "Reasonable Monitoring Window", ascending.
  [[nodiscard]] const std::vector<EntryIndex>& distinguished() const { return distinguished_; }
  [[nodiscard]] bool is_distinguished(EntryIndex entry) const;
  [[nodiscard]] std::optional<EntryIndex> rightmost_distinguished() const;
  [[nodiscard]] std::optional<EntryIndex> first_distinguished_after(EntryIndex entry) const;

  // "Maximum Lifetime".
  [[nodiscard]] bool is_expired(EntryIndex entry) const;

  // The greatest version of `label` that exists at `entry`, or in the whole tree.
  [[nodiscard]] std::optional<Version> greatest(const Label& label, EntryIndex entry) const;
  [[nodiscard]] std::optional<Version> greatest(const Label& label) const;
  // Where an existing version was created.
  [[nodiscard]] EntryIndex position(const Label& label, Version version) const;

  // "Greatest-Version Search". Nothing for a label that does not exist.
  [[nodiscard]] std::optional<NaiveFound> search_greatest(const Label& label) const;

  // "Fixed-Version Search".
  [[nodiscard]] std::variant<NaiveFound, NaiveRefusal> search_fixed(const Label& label,
                                                                    Version target) const;

  // "Contact Algorithm": what is left of `map`. `owner` when it runs with the second owner
  // algorithm.
  [[nodiscard]] std::vector<MonitorMapEntry> monitor(
      const std::vector<MonitorMapEntry>& map, const std::optional<NaiveOwnerWalk>& owner) const;

  // "Owner Algorithm": whether an ownership may begin at `start`.
  [[nodiscard]] bool may_start_at(EntryIndex start) const;
  // The entries that an owner inspects first who starts at `start`.
  [[nodiscard]] std::vector<EntryIndex> owner_entries(EntryIndex start) const;

  // "Owner Algorithm": how far an owner gets who asks from `start` on and knows of no version
  // greater than `known`, if a response inspects at most `limit` entries.
  [[nodiscard]] NaiveOwnerWalk owner_walk(const Label& label, EntryIndex start,
                                          std::optional<Version> known, std::size_t limit) const;

  // "Updating a Label": what an owner learns next who knows of no version greater than `known`.
  [[nodiscard]] std::optional<NaiveUpdate> next_update(const Label& label,
                                                       std::optional<Version> known) const;

  // "Walking Distinguished Heads": the recent distinguished entries, ascending.
  [[nodiscard]] std::vector<EntryIndex> recent(const RecentPolicy& policy) const;

 private:
  // The entries below and including `entry`: from the first to before the second.
  [[nodiscard]] std::pair<std::uint64_t, std::uint64_t> range_of(EntryIndex entry) const;
  void mark_distinguished(std::uint64_t low, std::uint64_t high, Timestamp left, Timestamp right);
  [[nodiscard]] Terminal terminal(EntryIndex entry) const;
  [[nodiscard]] bool any_expired(const std::vector<EntryIndex>& entries) const;
  [[nodiscard]] bool any_checked_left_of(const std::vector<EntryIndex>& entries,
                                         EntryIndex entry) const;

  const NaiveLog* log_;
  std::uint64_t size_;
  std::vector<EntryIndex> distinguished_;
};

// The root of a log tree with these leaves ("Cryptographic Computations / Log Tree").
[[nodiscard]] HashValue naive_log_root(std::span<const LogEntry> entries);

// --- A user -------------------------------------------------------------------------------------

// `map` without what another element makes superfluous, being of no lesser version and not further
// right.
[[nodiscard]] std::vector<MonitorMapEntry> naive_reduced(std::vector<MonitorMapEntry> map);

struct NaiveOwner {
  EntryIndex start;
  std::optional<Version> greatest_at_start;
  std::vector<OwnerState::Update> updates;

  [[nodiscard]] std::optional<Version> known() const {
    return updates.empty() ? greatest_at_start : updates.back().greatest;
  }
};

struct NaiveLabel {
  std::vector<MonitorMapEntry> monitor;
  std::optional<NaiveOwner> owner;
  Timestamp monitored_at;
};

// What a user retains. The functions are what a verified response does to it; each starts with
// saw(), which is all that some do.
struct NaiveUser {
  RecentPolicy recent;
  std::optional<TreeSize> last;
  std::vector<EntryIndex> distinguished;
  std::map<Label, NaiveLabel> labels;

  void saw(const NaiveTree& tree);
  void searched(const NaiveTree& tree, const Label& label, const NaiveFound& found,
                bool must_monitor);
  void monitored(const NaiveTree& tree, const Label& label);
  void became_owner(const NaiveTree& tree, const Label& label, EntryIndex start);
  void updated(const NaiveTree& tree, const Label& label, const NaiveUpdate& update);
  void monitored_as_owner(const NaiveTree& tree, const Label& label, const NaiveOwnerWalk& walk);
  void walked(const NaiveTree& tree);

  // "roughly as frequently as the RMW" and before log entries expire, soonest first.
  [[nodiscard]] std::vector<Obligation> obligations(const NaiveLog& log) const;
};

}  // namespace kt::keytrans
