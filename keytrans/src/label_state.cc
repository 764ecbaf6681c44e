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

Result<void> learn_versions(LabelState& state, const LabelVersions& versions) {
  for (const auto& [version, lookup] : versions) {
    PrefixLookup& known =
        state.versions.try_emplace(version, PrefixLookup{lookup.vrf_output, std::nullopt})
            .first->second;
    if (known.vrf_output != lookup.vrf_output)
      return fail(Errc::verification_failed, "a version's VRF output is not the one known");
    if (!lookup.commitment || known.commitment == lookup.commitment) continue;
    if (known.commitment && !state.claimed.contains(version))
      return fail(Errc::verification_failed, "a version's commitment is not the one known");
    known.commitment = lookup.commitment;
    state.claimed.insert(version);
  }
  return {};
}

void prove_versions(LabelState& state, const std::set<Version>& included) {
  std::erase_if(state.claimed, [&](Version version) { return included.contains(version); });
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
  std::erase_if(state.claimed, [&needed](Version version) { return !needed.contains(version); });

  std::set<Version> monitored;
  for (const MonitorMapEntry& entry : state.monitor) monitored.insert(entry.version);
  if (state.owner) {
    if (const auto greatest = state.owner->greatest()) monitored.insert(*greatest);
  }
  std::erase_if(state.openings,
                [&monitored](const auto& known) { return !monitored.contains(known.first); });
}

}  // namespace kt::keytrans
