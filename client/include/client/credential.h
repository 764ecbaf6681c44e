// Credentials: values that their owners hand over with the proof, verified without asking anybody.
//
// A credential is judged by the distinguished log entries that are known: monitor.h and compare.h
// learn of new ones. A failure is no reason to ask the log, which would be told who was sent what;
// so nothing that verifies asks anybody. Whoever hands a credential out asks for it before.
//
// Source: draft, "Credentials". Errors, and the thread rule: session.h.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "client/session.h"

namespace kt::client {

inline constexpr std::size_t kMaxCredentialSize = std::size_t{16} << 20;

struct CredentialRequest {
  std::string identity;  // whose it is to be
  std::optional<federation::Domain> default_domain;
  std::string log;  // a LogId or an alias; empty for the one that has the identity
  Bytes credential;
};

struct CheckedCredential {
  federation::Domain domain;
  Label label;
  LogId log;
  std::string alias;
  Version version;
  Bytes value;
  // A provisional one is not: it may be used, and is kept until settle_credentials() has settled
  // it.
  bool is_final = false;
};

// Errors besides: verification_failed also for somebody else's credential; unavailable when the
// distinguished entry that it is based on is not known.
Result<CheckedCredential> check_credential(const Session& session,
                                           const CredentialRequest& request);

// --- For whoever hands them out --------------------------------------------------------------

struct IssuedCredential {
  CheckedCredential checked;
  Bytes credential;
};

// A credential for the greatest version of `identity`, based on the newest distinguished entry that
// is known once the log was asked for new ones. It is verified as whoever it is handed to would,
// and not kept.
// Errors besides: unavailable while no entry is distinguished; rejected when the gateway does not
// let the user look the identity up.
Result<IssuedCredential> issue_credential(const Session& session, const std::string& identity,
                                          const std::optional<federation::Domain>& default_domain);

// What settles `credential`, a provisional one of `identity`, verified in the same way. Nothing
// when its own terminal entry has become distinguished, and whoever has it needs no update.
// Errors besides: rejected for a credential that is not provisional; unavailable while no
// distinguished entry follows it.
Result<std::optional<Bytes>> issue_credential_update(
    const Session& session, const std::string& identity,
    const std::optional<federation::Domain>& default_domain, const Bytes& credential);

// --- For whoever has been handed one ---------------------------------------------------------

struct SettledCredential {
  enum class State : std::uint8_t {
    verified,     // finally; it is not kept any more
    provisional,  // still: no entry that settles it is known
    refuted,      // the log has entries that it cannot have with this credential
  };
  State state;
  LogId log;
  Label label;
  Version version;
  std::string reason;  // unless it is verified
};

// A CredentialUpdate that somebody has sent for a credential of theirs.
struct SentUpdate {
  std::string identity;
  std::optional<federation::Domain> default_domain;
  Bytes update;
};

// Looks whether provisional credentials can be verified finally by what is known now or, those of
// the identity in `sent`, by the update there. One that does not verify changes nothing: it may be
// another credential's.
// Errors besides: not_found when there is no provisional credential of the identity in `sent`.
Result<std::vector<SettledCredential>> settle_credentials(const Session& session,
                                                          const std::optional<SentUpdate>& sent);

}  // namespace kt::client
