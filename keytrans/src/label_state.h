// How what is known of a label grows and shrinks. Internal.
#pragma once

#include <set>

#include "keytrans/client_state.h"

namespace kt::keytrans {

// Adds `versions` to what is known. Their VRF outputs are verified; their commitments are claims.
// Errors: verification_failed when they contradict what was proven: a version has one search key
// and one commitment, whoever asks and whenever. A claim contradicts nothing: the newer one stands.
Result<void> learn_versions(LabelState& state, const LabelVersions& versions);

// The commitments of the versions in `included` took part in a proof that verified.
void prove_versions(LabelState& state, const std::set<Version>& included);

// Adds a position to the monitoring map, keeping positions and versions strictly ascending: of two
// entries, one that is neither further left nor of a greater version adds nothing.
void monitor_from(std::vector<MonitorMapEntry>& map, MonitorMapEntry entry);

// Forgets the versions that no proof will need any more.
void forget_unneeded_versions(LabelState& state);

}  // namespace kt::keytrans
