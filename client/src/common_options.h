// The options that all commands of `kt` have, and what they open. Internal.
//
// Thread rule: one thread.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "client/anonymous.h"
#include "client/session.h"
#include "program/command_line.h"

namespace kt::client {

struct CommonOptions {
  std::filesystem::path state;     // the default one when empty
  std::uint64_t timeout = 10'000;  // milliseconds
  bool json = false;
};

// Adds --state, --timeout and --json.
void add_common_options(const program::Command& command, CommonOptions& options);

// Adds the option for the domain of identities which name none.
void add_default_domain(const program::Command& command, std::optional<federation::Domain>& domain);

// A Session over HTTP.
struct OpenSession {
  std::unique_ptr<Transport> transport;
  Session session;
};

// It says on stderr, in lines that begin with "kt <command>", what becomes of directory documents.
// Errors: those of StateDirectory::open() and default_state_directory().
Result<OpenSession> open_session(const CommonOptions& options, const std::string& command);

// The relay that `access` names, with the token that is in its file.
// Errors: those of relay_of() and program::read_token_file().
Result<Relay> open_relay(const Session& session, const RelayAccess& access);

}  // namespace kt::client
