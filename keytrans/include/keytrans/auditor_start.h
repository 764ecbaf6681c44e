// Where an auditor starts that is not there from the log's first entry on: a tree of exactly
// auditor_start_pos entries.
//
// Source: draft, "Auditing" (steps 1, 5, 6 and 7 refer to the auditor's state), and "Configuration"
// for auditor_start_pos; the draft leaves open how that state is come by. `AuditorStart` is ours.
//
// A start has the log entries of the frontier and what the hashes of the full subtrees follow from
// with them. Nothing in it is signed, and that is enough. Whatever an auditor signs later is over a
// root that the hashes of its start go into. Users compare that root with the log's own, so it is
// only of use to a log whose tree has these entries where the start says that they are. A start
// that is forged makes signatures that nobody accepts. What has to be checked is therefore that the
// entries are in the tree at all: their timestamps decide which removals are too early, and the
// prefix tree's root is what the next entry continues.
//
// What was in the log before is not audited by this. It has the auditor's word from there on.
//
// Thread rule: pure functions.
#pragma once

#include "keytrans/log_source.h"
#include "keytrans/tree_view.h"

namespace kt::keytrans {

// The log's side: the start of the auditor in the log's configuration.
// Errors: rejected unless the mode is thirdPartyAuditing and auditor_start_pos is not 0; not_found
// while the log has fewer entries than that; those of `log`.
Result<AuditorStart> prove_auditor_start(const LogSource& log);

// The auditor's side: the tree that `start` describes, for Auditor::from_view().
// Errors: rejected unless the mode is thirdPartyAuditing and auditor_start_pos is not 0;
// verification_failed for entries that are not as many as the frontier has or go back in time, and
// for a proof with too few or too many elements.
Result<TreeView> verify_auditor_start(const LogConfiguration& configuration,
                                      const AuditorStart& start);

}  // namespace kt::keytrans
