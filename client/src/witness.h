// What a log shows to newcomers, kept to be compared with what it shows to the next one. Internal.
//
// Thread rule: that of a Session.
#pragma once

#include <filesystem>
#include <optional>

#include "client/session.h"

namespace kt::client {

// Asks the log as a newcomer, who cannot be told from others, and compares the distinguished
// entries with those of the last newcomer and with those that are known. Returns the file with the
// evidence when the log has signed two histories. Errors besides those of session.h:
// verification_failed also when an entry differs from what is known, and that cannot be proved to
// others.
Result<std::optional<std::filesystem::path>> compare_with_newcomer(
    const Session& session, const KnownDomain& known, const federation::DirectoryLog& log);

// Saves `evidence` where the state is, once, and returns where.
Result<std::filesystem::path> save_evidence(const Session& session, const std::string& kind,
                                            ByteView evidence);

}  // namespace kt::client
