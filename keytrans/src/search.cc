#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "keytrans/algorithms.h"
#include "keytrans/ibst.h"

namespace kt::keytrans {
namespace {

Result<Terminal> terminal_at(CombinedTree& tree, EntryIndex entry) {
  KT_TRY(const auto distinguished, tree.rightmost_distinguished());
  return Terminal{entry, !distinguished || entry > *distinguished};
}

// A log entry that a fixed-version search inspected.
struct Inspected {
  EntryIndex entry;
  bool expired = false;
  std::optional<LadderOutcome> outcome;  // of an unexpired entry
};

// Whether one of `path` to the left of `entry` is unexpired and distinguished.
Result<bool> has_unexpired_distinguished_left_of(CombinedTree& tree,
                                                 const std::vector<Inspected>& path,
                                                 EntryIndex entry) {
  for (const Inspected& inspected : path) {
    if (inspected.expired || inspected.entry >= entry) continue;
    KT_TRY(const bool distinguished, tree.is_distinguished(inspected.entry));
    if (distinguished) return true;
  }
  return false;
}

bool any_expired(const std::vector<Inspected>& path) {
  return std::any_of(path.begin(), path.end(), [](const Inspected& i) { return i.expired; });
}

tl::unexpected<Error> expired_version() {
  return fail(Errc::not_found, "the requested version of the label is expired");
}

tl::unexpected<Error> missing_version() {
  return fail(Errc::not_found, "the requested version of the label does not exist");
}

// Step 5: the greatest version at the last entry of `path` is the target. Everything before it in
// `path` is its direct path.
Result<Terminal> end_at_target(CombinedTree& tree, const std::vector<Inspected>& path) {
  const EntryIndex entry = path.back().entry;
  if (any_expired(path)) {
    KT_TRY(const bool itself, tree.is_distinguished(entry));
    KT_TRY(const bool to_the_left, has_unexpired_distinguished_left_of(tree, path, entry));
    if (!itself && !to_the_left) return expired_version();
  }
  return terminal_at(tree, entry);
}

// Step 6: no unexpired entry was found at which the target version is the greatest.
Result<Terminal> end_without_target(CombinedTree& tree, const std::vector<Inspected>& path,
                                    Version target) {
  std::optional<EntryIndex> identified;
  for (const Inspected& inspected : path) {
    if (inspected.outcome != LadderOutcome::greater) continue;
    if (!identified || inspected.entry < *identified) identified = inspected.entry;
  }
  if (!identified) return missing_version();

  // An identified entry that is itself the leftmost unexpired distinguished one has none to its
  // left, so this also refuses the case the draft singles out.
  if (any_expired(path)) {
    KT_TRY(const bool covered, has_unexpired_distinguished_left_of(tree, path, *identified));
    if (!covered) return expired_version();
  }

  KT_TRY(const bool included, tree.is_included(*identified, target));
  if (!included) return missing_version();
  return terminal_at(tree, *identified);
}

}  // namespace

Result<Terminal> search_greatest_version(CombinedTree& tree, Version claimed) {
  KT_TRY(const auto distinguished, tree.rightmost_distinguished());
  LookupTracker tracker;
  std::optional<EntryIndex> terminal;
  for (const EntryIndex entry : frontier(tree.size())) {
    if (distinguished && entry < *distinguished) continue;
    KT_TRY(const LadderOutcome outcome, tree.search_ladder(entry, claimed, tracker));
    const bool consistent = entry == tree.rightmost_entry() ? outcome == LadderOutcome::equal
                                                            : outcome != LadderOutcome::greater;
    if (!consistent)
      return fail(Errc::verification_failed, "log entry " + std::to_string(entry.value()) +
                                                 " contradicts the claimed greatest version");
    if (outcome == LadderOutcome::equal && !terminal) terminal = entry;
  }
  KT_ASSERT(terminal.has_value());
  return Terminal{*terminal, !distinguished || *terminal > *distinguished};
}

Result<Terminal> search_fixed_version(CombinedTree& tree, Version target) {
  LookupTracker tracker;
  std::vector<Inspected> path;
  std::optional<EntryIndex> next = ibst_root(tree.size());
  while (next) {
    const EntryIndex entry = *next;
    KT_TRY(const bool expired, tree.is_expired(entry));
    if (expired) {
      path.push_back({entry, true, std::nullopt});
      next = ibst_right(entry, tree.size());
      continue;
    }
    KT_TRY(const LadderOutcome outcome, tree.search_ladder(entry, target, tracker));
    path.push_back({entry, false, outcome});
    switch (outcome) {
      case LadderOutcome::less: next = ibst_right(entry, tree.size()); break;
      case LadderOutcome::greater: next = ibst_left(entry); break;
      case LadderOutcome::equal: return end_at_target(tree, path);
    }
  }
  return end_without_target(tree, path, target);
}

}  // namespace kt::keytrans
