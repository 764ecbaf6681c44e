// Becoming the owner of a label in the log that has it, or is about to. Internal.
//
// Thread rule: that of a Session.
#pragma once

#include "client/own.h"
#include "subject.h"

namespace kt::client {

// As own(). Where the label is owned in the log that it moves from, its first value here is
// compared with the last one there, unless `again`. Errors besides: verification_failed when they
// differ. Requires: the caller has the session's owner lock.
Result<Owned> become_owner(const Session& session, const Subject& subject, bool again);

}  // namespace kt::client
