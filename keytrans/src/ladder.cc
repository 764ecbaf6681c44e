#include "keytrans/ladder.h"

#include <cstdint>
#include <limits>

namespace kt::keytrans {
namespace {

constexpr std::uint64_t kGreatestVersion = std::numeric_limits<std::uint32_t>::max();

}  // namespace

std::vector<Version> base_binary_ladder(Version greatest) {
  // In 64 bits: the powers of two reach 2^33-1, and midpoints must not overflow.
  const std::uint64_t n = greatest.value();
  std::vector<Version> ladder;
  const auto output = [&ladder](std::uint64_t version) {
    if (version <= kGreatestVersion) ladder.emplace_back(static_cast<std::uint32_t>(version));
  };

  // Powers of two minus one, up to the first that is greater than n.
  std::uint64_t lower = 0;
  std::uint64_t upper = 0;
  output(upper);
  while (upper <= n) {
    lower = upper;
    upper = 2 * upper + 1;
    output(upper);
  }

  // Binary search between the established bounds.
  while (lower + 1 < upper) {
    const std::uint64_t middle = (lower + upper) / 2;
    output(middle);
    (middle <= n ? lower : upper) = middle;
  }
  return ladder;
}

std::vector<Version> monitoring_binary_ladder(Version target) {
  std::vector<Version> ladder = base_binary_ladder(target);
  std::erase_if(ladder, [target](Version version) { return version > target; });
  return ladder;
}

void LookupTracker::record(EntryIndex entry, Version version, bool included) {
  if (included) {
    const auto [found, inserted] = leftmost_inclusion_.try_emplace(version, entry);
    if (!inserted && entry < found->second) found->second = entry;
  } else {
    const auto [found, inserted] = rightmost_non_inclusion_.try_emplace(version, entry);
    if (!inserted && entry > found->second) found->second = entry;
  }
}

std::optional<bool> LookupTracker::implied(EntryIndex entry, Version version) const {
  const auto included = leftmost_inclusion_.find(version);
  if (included != leftmost_inclusion_.end() && included->second < entry) return true;
  const auto not_included = rightmost_non_inclusion_.find(version);
  if (not_included != rightmost_non_inclusion_.end() && not_included->second > entry) return false;
  return std::nullopt;
}

SearchLadder::SearchLadder(Version target) : target_(target), ladder_(base_binary_ladder(target)) {}

SearchLadder::SearchLadder(Version target, EntryIndex entry, LookupTracker& tracker)
    : target_(target), ladder_(base_binary_ladder(target)), entry_(entry), tracker_(&tracker) {}

std::optional<Version> SearchLadder::next() {
  // Until it ends, a search ladder's results are those of a tree whose greatest version is the
  // target, so its lookups are a prefix of the target's base ladder.
  while (position_ < ladder_.size()) {
    const Version version = ladder_[position_];
    const auto implied = tracker_ == nullptr ? std::nullopt : tracker_->implied(entry_, version);
    if (!implied) return version;
    ++position_;
    if (*implied) conclude(version, true);
  }
  return std::nullopt;
}

void SearchLadder::answer(bool included) {
  KT_ASSERT(position_ < ladder_.size());
  const Version version = ladder_[position_++];
  if (tracker_ != nullptr) tracker_->record(entry_, version, included);
  conclude(version, included);
}

void SearchLadder::conclude(Version version, bool included) {
  if (included == (version <= target_)) return;
  outcome_ = included ? LadderOutcome::greater : LadderOutcome::less;
  position_ = ladder_.size();
}

std::optional<Version> InclusionLookups::next() {
  if (position_ == versions_.size()) return std::nullopt;
  return versions_[position_];
}

void InclusionLookups::answer(bool included) {
  ++position_;
  all_included_ = all_included_ && included;
}

std::optional<Version> SingleLookup::next() {
  if (asked_) return std::nullopt;
  asked_ = true;
  return version_;
}

}  // namespace kt::keytrans
