#include "label_state.h"

#include <algorithm>
#include <set>

namespace kt::keytrans {

std::optional<Version> OwnerState::greatest() const {
  return updates.empty() ? greatest_at_start : updates.back().greatest;
}

std::optional<Version> OwnerState::greatest_at(EntryIndex entry) const {
  std::optional<Version> greatest = greatest_at_start;
  for (const Update& update : updates) {
    if (update.position > entry) break;
    greatest = update.greatest;
  }
  return greatest;
}

Result<void> learn_versions(LabelVersions& known, const LabelVersions& versions) {
  for (const auto& [version, lookup] : versions) {
    const auto [found, inserted] = known.try_emplace(version, lookup);
    if (inserted) continue;
    PrefixLookup& before = found->second;
    if (before.vrf_output != lookup.vrf_output)
      return fail(Errc::verification_failed, "a version's VRF output is not the one known");
    if (!lookup.commitment) continue;
    if (before.commitment && *before.commitment != *lookup.commitment)
      return fail(Errc::verification_failed, "a version's commitment is not the one known");
    before.commitment = lookup.commitment;
  }
  return {};
}

void monitor_from(std::vector<MonitorMapEntry>& map, MonitorMapEntry entry) {
  const bool covered = std::any_of(map.begin(), map.end(), [&](const MonitorMapEntry& other) {
    return other.position <= entry.position && other.version >= entry.version;
  });
  if (covered) return;
  std::erase_if(map, [&](const MonitorMapEntry& other) {
    return other.position >= entry.position && other.version <= entry.version;
  });
  const auto after = std::find_if(map.begin(), map.end(), [&](const MonitorMapEntry& other) {
    return other.position > entry.position;
  });
  map.insert(after, entry);
}

void forget_unneeded_versions(LabelState& state) {
  std::set<Version> needed;
  const auto need = [&needed](const std::vector<Version>& ladder) {
    needed.insert(ladder.begin(), ladder.end());
  };
  for (const MonitorMapEntry& entry : state.monitor) need(monitoring_binary_ladder(entry.version));
  if (state.owner) {
    need(base_binary_ladder(state.owner->greatest_at_start.value_or(Version{0})));
    needed.insert(Version{0});
    for (const OwnerState::Update& update : state.owner->updates)
      need(base_binary_ladder(update.greatest));
  }
  std::erase_if(state.versions,
                [&needed](const auto& known) { return !needed.contains(known.first); });
}

}  // namespace kt::keytrans
