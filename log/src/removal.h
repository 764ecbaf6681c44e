// The second half of erasing a label: its versions leave the current prefix tree. Internal.
//
// A label can go when an entry that is distinguished, with the entry in the making, is not before
// the rightmost one of when its values were erased. Whoever was shown a version monitors it up to
// the first distinguished entry at its own or after it, and no further; an auditor wants each leaf
// to have been in one. At that moment all that has the label's name goes, and what is left of it
// has none: leaves that do not fit into the entry, which go with the next ones, and a pseudonym,
// the VRF output of its version 0, so that the label is not made anew while unexpired trees have
// leaves of it. Two lives of one label would break its searches.
//
// Thread rule: pure functions over a view.
//
// Source: draft, "Auditing", step 5, and "Contact Algorithm"; known-gaps 8.
#pragma once

#include <vector>

#include "log_view.h"

namespace kt::log {

// The leaves, at most `most`, that leave the prefix tree with the entry after `view`'s rightmost
// one, which is made at `timestamp`; with what that changes of the records in `batch`. The records
// of a label go together, however many. Errors: those of the view.
Result<std::vector<keytrans::PrefixLeaf>> remove_erased(const LogView& view, const Tables& tables,
                                                        Timestamp timestamp, std::size_t most,
                                                        store::Batch& batch);

}  // namespace kt::log
