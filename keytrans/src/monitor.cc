#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "keytrans/algorithms.h"
#include "keytrans/ibst.h"

namespace kt::keytrans {
namespace {

Result<void> check_map(const CombinedTree& tree, std::span<const MonitorMapEntry> map) {
  for (std::size_t i = 0; i < map.size(); ++i) {
    if (map[i].position > tree.rightmost_entry())
      return fail(Errc::rejected, "a monitored position is beyond the tree");
    if (i > 0 && (map[i].position <= map[i - 1].position || map[i].version <= map[i - 1].version))
      return fail(Errc::rejected, "the monitoring map is not in ascending order");
  }
  return {};
}

// Step 2 of "Contact Algorithm": the entries to inspect, left to right.
struct InspectionList {
  std::vector<EntryIndex> entries;
  std::optional<EntryIndex> left_to_owner;
};

Result<InspectionList> entries_to_inspect(CombinedTree& tree, EntryIndex monitored,
                                          std::optional<EntryIndex> owner_start) {
  InspectionList list;
  for (const EntryIndex ancestor : direct_path(monitored, tree.size())) {
    if (ancestor < monitored) continue;
    KT_TRY(const bool distinguished, tree.is_distinguished(ancestor));
    if (distinguished && owner_start && monitored >= *owner_start) {
      list.left_to_owner = ancestor;
      break;
    }
    list.entries.push_back(ancestor);
    if (distinguished) break;
  }
  return list;
}

// The second owner algorithm, whose state outlives the recursion.
class OwnerWalk {
 public:
  OwnerWalk(CombinedTree& tree, EntryIndex start, const GreatestAt& expected,
            const std::function<Result<bool>(EntryIndex)>& stop)
      : tree_(tree), start_(start), expected_(expected), stop_(stop), verified_(start) {}

  Result<EntryIndex> run() {
    KT_TRY(visit(ibst_root(tree_.size())));
    return verified_;
  }

 private:
  // The recursion is as deep as the implicit tree, at most 64.
  Result<void> visit(EntryIndex entry) {
    KT_TRY(const bool distinguished, tree_.is_distinguished(entry));  // step 1
    if (!distinguished) return {};

    const auto left_child = ibst_left(entry);
    const auto right_child = ibst_right(entry, tree_.size());
    if (entry <= start_) {  // step 2
      if (right_child) return visit(*right_child);
      return {};
    }
    if (left_child) {  // step 3
      KT_TRY(visit(*left_child));
    }
    if (!stopped_) {  // step 4
      KT_TRY(stopped_, stop_(entry));
    }
    if (stopped_) return {};

    KT_TRY(inspect(entry));                       // step 5
    if (right_child) return visit(*right_child);  // step 6
    return {};
  }

  Result<void> inspect(EntryIndex entry) {
    KT_TRY(const auto expected, expected_(entry));
    KT_TRY(const LadderOutcome outcome, tree_.search_ladder(entry, expected.value_or(Version{0})));
    if (outcome != (expected ? LadderOutcome::equal : LadderOutcome::less))
      return fail(Errc::verification_failed,
                  "distinguished log entry " + std::to_string(entry.value()) +
                      " has another greatest version than the owner expects");
    verified_ = entry;
    return {};
  }

  CombinedTree& tree_;
  EntryIndex start_;
  const GreatestAt& expected_;
  const std::function<Result<bool>(EntryIndex)>& stop_;
  EntryIndex verified_;
  bool stopped_ = false;
};

}  // namespace

Result<std::vector<MonitoredEntry>> monitor_contact(CombinedTree& tree,
                                                    std::span<const MonitorMapEntry> map,
                                                    std::optional<EntryIndex> owner_start) {
  KT_TRY(check_map(tree, map));
  std::map<EntryIndex, Version> inspected;  // target versions of the ladders obtained so far
  std::vector<MonitoredEntry> remaining;
  for (std::size_t i = map.size(); i-- > 0;) {
    MonitoredEntry monitored{map[i], std::nullopt};
    KT_TRY(const bool distinguished, tree.is_distinguished(monitored.entry.position));  // step 1
    if (distinguished) continue;

    KT_TRY(const InspectionList list,
           entries_to_inspect(tree, monitored.entry.position, owner_start));  // step 2
    monitored.left_to_owner = list.left_to_owner;

    bool superseded = false;
    for (const EntryIndex entry : list.entries) {  // step 3
      if (const auto earlier = inspected.find(entry); earlier != inspected.end()) {
        if (earlier->second <= monitored.entry.version)
          return fail(Errc::verification_failed,
                      "the monitoring map holds versions that contradict each other");
        superseded = true;
        break;
      }
      inspected.emplace(entry, monitored.entry.version);
      KT_TRY(tree.expect_inclusion(entry, monitoring_binary_ladder(monitored.entry.version)));
      monitored.entry.position = entry;
    }
    if (superseded) continue;

    // A position has room for one version, the greatest: where a path ended at a position that is
    // monitored for a greater version already, that one covers both.
    if (!remaining.empty() && remaining.back().entry.position == monitored.entry.position) continue;

    // The final step: what reached a distinguished entry needs no more monitoring.
    KT_TRY(const bool done, tree.is_distinguished(monitored.entry.position));
    if (!done) remaining.push_back(monitored);
  }
  std::reverse(remaining.begin(), remaining.end());
  return remaining;
}

Result<std::vector<EntryIndex>> owner_init_entries(CombinedTree& tree, EntryIndex start) {
  if (start > tree.rightmost_entry())
    return fail(Errc::rejected, "the starting position is beyond the tree");
  KT_TRY(const bool distinguished, tree.is_distinguished(start));
  if (!distinguished)
    return fail(Errc::rejected, "the starting position is not a distinguished log entry");
  KT_TRY(tree.timestamp(start));
  KT_TRY(const bool expired, tree.is_expired(start));
  if (expired) return fail(Errc::rejected, "the starting position is expired");

  std::vector<EntryIndex> entries{start};
  for (const EntryIndex ancestor : direct_path(start, tree.size())) {
    if (ancestor > start) continue;
    KT_TRY(const bool ancestor_expired, tree.is_expired(ancestor));
    if (ancestor_expired) break;
    entries.push_back(ancestor);
  }
  return entries;
}

Result<void> verify_owner_init(CombinedTree& tree, std::span<const EntryIndex> entries,
                               std::span<const Version> greatest) {
  if (greatest.size() > entries.size())
    return fail(Errc::verification_failed, "greatest_versions has too many elements");
  for (std::size_t i = 1; i < greatest.size(); ++i) {
    if (greatest[i] > greatest[i - 1])
      return fail(Errc::verification_failed, "greatest_versions is not in descending order");
  }
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const bool exists = i < greatest.size();
    KT_TRY(const LadderOutcome outcome,
           tree.search_ladder(entries[i], exists ? greatest[i] : Version{0}));
    if (outcome != (exists ? LadderOutcome::equal : LadderOutcome::less))
      return fail(Errc::verification_failed, "log entry " + std::to_string(entries[i].value()) +
                                                 " contradicts the claimed greatest version");
  }
  return {};
}

Result<EntryIndex> monitor_owner(CombinedTree& tree, EntryIndex start, const GreatestAt& expected,
                                 const std::function<Result<bool>(EntryIndex)>& stop) {
  if (start > tree.rightmost_entry())
    return fail(Errc::rejected, "the starting position is beyond the tree");
  return OwnerWalk(tree, start, expected, stop).run();
}

}  // namespace kt::keytrans
