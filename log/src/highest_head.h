// A database beside the highest head that was signed: the one comparison that opening a log and
// recovering one are about. Internal.
#pragma once

#include "log_view.h"
#include "store/head_file.h"

namespace kt::log {

// Where the database stands.
enum class Standing : std::uint8_t {
  agrees,  // it is what was signed
  ahead,   // it continues what was signed: the process ended between the commit and the head file
  behind,  // it has fewer entries: an old copy
  beside,  // it has other entries: the copy of another history
};

// Errors: those of the view.
Result<Standing> compare(const LogView& view, const store::SignedHead& highest);

// The head of the database, after its signature was verified; an unsigned one of an empty log.
// Errors: corrupt when the log has not signed it; those of the view.
Result<store::SignedHead> signed_head(const LogView& view);

}  // namespace kt::log
