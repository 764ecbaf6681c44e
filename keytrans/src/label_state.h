// How what is known of a label grows and shrinks. Internal.
#pragma once

#include "keytrans/client_state.h"

namespace kt::keytrans {

// Adds `versions` to what is known.
// Errors: verification_failed when they contradict it: a version has one search key and one
// commitment, whoever asks and whenever.
Result<void> learn_versions(LabelVersions& known, const LabelVersions& versions);

// Adds a position to the monitoring map, keeping positions and versions strictly ascending: of two
// entries, one that is neither further left nor of a greater version adds nothing.
void monitor_from(std::vector<MonitorMapEntry>& map, MonitorMapEntry entry);

// Forgets the versions that no proof will need any more.
void forget_unneeded_versions(LabelState& state);

}  // namespace kt::keytrans
