// What an owner has sent to be published and nobody has said what became of, and what was copied
// for them into another log, so that it is known for their own when it shows. Internal.
//
// Thread rule: that of a Session. Requires of all that change something: the owner lock, or that
// nothing depends on it.
#pragma once

#include "client/session.h"

namespace kt::client {

// A value is about to be sent. Durable when it returns.
Result<void> note_sent(const Session& session, const federation::Domain& domain, const Label& label,
                       const Bytes& value);
// What became of all that was sent is known.
Result<void> note_settled(const Session& session, const federation::Domain& domain,
                          const Label& label);

// The version in a log that a value which is sent again was found to be. Nothing when it was not.
Result<std::optional<Version>> find_unsettled(const Session& session,
                                              const federation::Domain& domain, const Label& label,
                                              const LogId& log, const Bytes& value);

// The first version in a log was compared with the last one of the log that the label has left,
// and is a copy of it. Nobody can compare them when that log has retired. Durable when it returns.
Result<void> note_copied(const Session& session, const federation::Domain& domain,
                         const Label& label, const LogId& log, const Bytes& value);

// Whether a version in a log that nobody has acknowledged is such a value, or such a copy. It is
// that version from then on, and no other one of the log.
Result<bool> is_published_here(const Session& session, const federation::Domain& domain,
                               const Label& label, const LogId& log, Version version,
                               const Bytes& value);

}  // namespace kt::client
