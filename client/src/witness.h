// What a log shows to newcomers, kept to be compared with what it shows to the next one. Internal.
//
// Thread rule: that of a Session.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "client/session.h"
#include "keytrans/client_state.h"

namespace kt::client {

// What a log has shown to a newcomer, verified.
struct NewcomersView {
  Bytes answer;
  keytrans::DistinguishedResponse response;
  keytrans::ClientState state;  // what the newcomer knows now
};

// Asks the log as a newcomer, who cannot be told from others but by `token`, if there is one.
Result<NewcomersView> ask_as_newcomer(const Session& session, const KnownDomain& known,
                                      const federation::DirectoryLog& log,
                                      std::string_view token = {});

// Compares what two newcomers were shown. Returns the file with the evidence when the log has
// signed two histories. Errors besides those of session.h: verification_failed also when they
// differ, and that cannot be proved to others.
Result<std::optional<std::filesystem::path>> compare_views(const Session& session,
                                                           const federation::DirectoryLog& log,
                                                           const NewcomersView& a,
                                                           const NewcomersView& b);

// The same for what a newcomer was shown and what the last one was, and what is known. It is kept
// in the place of the last one's when nothing differs.
Result<std::optional<std::filesystem::path>> compare_with_known(const Session& session,
                                                                const KnownDomain& known,
                                                                const federation::DirectoryLog& log,
                                                                const NewcomersView& view);

// Saves `evidence` where the state is, once, and returns where.
Result<std::filesystem::path> save_evidence(const Session& session, const std::string& kind,
                                            ByteView evidence);

}  // namespace kt::client
