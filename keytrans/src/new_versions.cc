#include <algorithm>
#include <string>
#include <vector>

#include "keytrans/algorithms.h"
#include "keytrans/ibst.h"

namespace kt::keytrans {
namespace {

bool contains(const std::vector<Version>& versions, Version version) {
  return std::find(versions.begin(), versions.end(), version) != versions.end();
}

// The versions created by `update`, ascending, that a search binary ladder for the new greatest one
// does not look up.
std::vector<Version> versions_beside_ladder(const NewVersions& update) {
  KT_ASSERT(update.count() <= kMaxNewVersions);
  const std::vector<Version> ladder = base_binary_ladder(update.greatest);
  std::vector<Version> beside;
  const std::uint64_t first = update.previous ? std::uint64_t{update.previous->value()} + 1 : 0;
  for (std::uint64_t v = first; v < update.greatest.value(); ++v) {
    const Version version{static_cast<std::uint32_t>(v)};
    if (!contains(ladder, version)) beside.push_back(version);
  }
  return beside;
}

// Records in `tracker` what a greatest-version search for `target` would have been shown at
// `entry`, where `greatest` is the greatest version.
void record_as_if_inspected(LookupTracker& tracker, EntryIndex entry, Version target,
                            std::optional<Version> greatest) {
  SearchLadder ladder(target, entry, tracker);
  while (const auto version = ladder.next()) ladder.answer(greatest && *version <= *greatest);
}

// Steps 1 and 2: a greatest-version search in the previous tree, from its first entry that is not
// distinguished in the current one.
Result<void> search_previous_tree(CombinedTree& tree, const NewVersions& update,
                                  const GreatestAt& greatest_at, LookupTracker& tracker) {
  if (update.position == EntryIndex{0}) return {};
  const Version target = update.previous.value_or(Version{0});
  const std::vector<EntryIndex> entries = frontier(TreeSize{update.position.value()});

  std::size_t i = 0;
  for (; i < entries.size(); ++i) {  // step 1
    KT_TRY(const bool distinguished, tree.is_distinguished(entries[i]));
    if (!distinguished) break;
  }
  if (i == entries.size()) return {};

  // A search of the previous tree would have started at the rightmost distinguished entry; what it
  // would have been shown there is left out below.
  if (update.previous && i > 0) {
    KT_TRY(const auto greatest, greatest_at(entries[i - 1]));
    record_as_if_inspected(tracker, entries[i - 1], target, greatest);
  }

  for (; i < entries.size(); ++i) {  // step 2
    const EntryIndex entry = entries[i];
    if (update.previous && update.previous_position && entry <= *update.previous_position) {
      KT_TRY(const auto greatest, greatest_at(entry));
      record_as_if_inspected(tracker, entry, target, greatest);
      continue;
    }
    KT_TRY(const LadderOutcome outcome, tree.search_ladder(entry, target, tracker));
    if (outcome != (update.previous ? LadderOutcome::equal : LadderOutcome::less))
      return fail(Errc::verification_failed, "log entry " + std::to_string(entry.value()) +
                                                 " contradicts the previous greatest version");
  }
  return {};
}

}  // namespace

std::vector<Version> update_ladder(std::optional<Version> previous, Version greatest) {
  std::vector<Version> versions = base_binary_ladder(greatest);
  const std::vector<Version> beside = versions_beside_ladder({{}, previous, {}, greatest});
  versions.insert(versions.end(), beside.begin(), beside.end());
  const std::vector<Version> known =
      previous ? base_binary_ladder(*previous) : std::vector<Version>{Version{0}};
  std::erase_if(versions, [&known](Version version) { return contains(known, version); });
  std::sort(versions.begin(), versions.end());
  return versions;
}

bool fits_update_response(std::optional<Version> previous, Version greatest) {
  constexpr std::size_t kMaxSteps = 255;  // BinaryLadderStep binary_ladder<0..2^8-1>
  return NewVersions{{}, previous, {}, greatest}.count() <= kMaxNewVersions &&
         update_ladder(previous, greatest).size() <= kMaxSteps;
}

Result<bool> verify_new_versions(CombinedTree& tree, const NewVersions& update,
                                 const GreatestAt& greatest_at) {
  if (update.position > tree.rightmost_entry())
    return fail(Errc::rejected, "the position of the new versions is beyond the tree");
  LookupTracker tracker;
  KT_TRY(search_previous_tree(tree, update, greatest_at, tracker));

  const std::vector<Version> beside = versions_beside_ladder(update);
  KT_TRY(const bool distinguished, tree.is_distinguished(update.position));
  if (!distinguished) {  // step 4
    KT_TRY(const LadderOutcome outcome,
           tree.search_ladder(update.position, update.greatest, tracker));
    if (outcome != LadderOutcome::equal)
      return fail(Errc::verification_failed, "log entry " +
                                                 std::to_string(update.position.value()) +
                                                 " contradicts the new greatest version");
  }
  if (!beside.empty()) {  // steps 3 and 4
    KT_TRY(tree.expect_inclusion(update.position, beside));
  }
  return distinguished;
}

}  // namespace kt::keytrans
