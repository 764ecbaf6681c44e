#include "keytrans/combined_tree.h"

#include <utility>

#include "keytrans/ibst.h"

namespace kt::keytrans {

CombinedTree::CombinedTree(TreeHandle& handle, const Configuration& configuration, TreeSize size)
    : handle_(handle),
      size_(size),
      reasonable_monitoring_window_(configuration.reasonable_monitoring_window),
      maximum_lifetime_(configuration.maximum_lifetime) {
  KT_ASSERT(size > TreeSize{0});
}

Result<bool> CombinedTree::is_expired(EntryIndex entry) {
  if (!maximum_lifetime_) return false;
  KT_TRY(const Timestamp latest, rightmost_timestamp());
  KT_TRY(const Timestamp created, timestamp(entry));
  return elapsed_ms(created, latest) >= *maximum_lifetime_;
}

Result<bool> CombinedTree::is_distinguished(EntryIndex entry) {
  KT_ASSERT(entry < EntryIndex{size_.value()});
  Timestamp left{0};
  KT_TRY(Timestamp right, rightmost_timestamp());
  EntryIndex current = ibst_root(size_);
  while (elapsed_ms(left, right) >= reasonable_monitoring_window_) {
    if (current == entry) return true;
    KT_TRY(const Timestamp here, timestamp(current));
    (entry < current ? right : left) = here;
    current = entry < current ? *ibst_left(current) : *ibst_right(current, size_);
  }
  return false;
}

Result<std::optional<EntryIndex>> CombinedTree::rightmost_distinguished() {
  std::optional<EntryIndex> found;
  Timestamp left{0};
  KT_TRY(const Timestamp right, rightmost_timestamp());
  for (const EntryIndex entry : frontier(size_)) {
    if (elapsed_ms(left, right) < reasonable_monitoring_window_) break;
    found = entry;
    KT_TRY(left, timestamp(entry));
  }
  return found;
}

Result<void> CombinedTree::run(EntryIndex entry, LookupPlan& plan) {
  KT_TRY(timestamp(entry));
  return handle_.lookup(entry, plan);
}

Result<LadderOutcome> CombinedTree::search_ladder(EntryIndex entry, Version target) {
  SearchLadder ladder(target);
  KT_TRY(run(entry, ladder));
  return ladder.outcome();
}

Result<LadderOutcome> CombinedTree::search_ladder(EntryIndex entry, Version target,
                                                  LookupTracker& tracker) {
  SearchLadder ladder(target, entry, tracker);
  KT_TRY(run(entry, ladder));
  return ladder.outcome();
}

Result<void> CombinedTree::expect_inclusion(EntryIndex entry, std::vector<Version> versions) {
  InclusionLookups lookups(std::move(versions));
  KT_TRY(run(entry, lookups));
  if (!lookups.all_included())
    return fail(Errc::verification_failed,
                "log entry " + std::to_string(entry.value()) + " lacks a version it must include");
  return {};
}

Result<bool> CombinedTree::is_included(EntryIndex entry, Version version) {
  SingleLookup lookup(version);
  KT_TRY(run(entry, lookup));
  return lookup.included();
}

}  // namespace kt::keytrans
