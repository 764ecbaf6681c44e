// Credentials: proofs that one user hands to another, verified without asking the log.
//
// A credential is judged against the distinguished log entries the verifier already
// knows (`ClientState::distinguished()`). A standard one is verified at once. A
// provisional one may be used after initial verification, and is retained until final
// verification settles it. None of this touches a ClientState, or another credential:
// every function takes what it needs as constants.
//
// A failure MUST NOT prompt a request to the log: it would tell the log who was sent
// what.
//
// Source: draft, "Credentials". Thread rule: pure functions, plain values.
#pragma once

#include <optional>
#include <span>
#include <variant>

#include "keytrans/client_state.h"

namespace kt::keytrans {

// What a verified credential says.
struct CredentialOutcome {
  Label label;
  Version version;
  Bytes value;

  friend bool operator==(const CredentialOutcome&, const CredentialOutcome&) = default;
};

// A provisional credential that passed initial verification, for as long as final verification
// needs it.
struct RetainedCredential {
  CredentialOutcome outcome;
  LabelVersions versions;  // of the label, for following the monitoring path
  EntryIndex position;     // distinguished log entry the credential is based on
  EntryIndex terminal;     // terminal log entry of its search, on the frontier of `view`
  TreeView view;           // the tree that the credential presents

  // Version 1 of "KTCREDENTIAL" in docs/protocol.md.
  Result<Bytes> serialize() const;
  static Result<RetainedCredential> parse(ByteView bytes);

  friend bool operator==(const RetainedCredential&, const RetainedCredential&) = default;
};

// A standard credential, fully verified; or a provisional one, initially verified.
using VerifiedCredential = std::variant<CredentialOutcome, RetainedCredential>;

// Verifies a credential as far as it can be by itself.
// Errors: unavailable when no known distinguished log entry has its position (the credential may
// be too new, or have expired); verification_failed otherwise, naming the check.
Result<VerifiedCredential> verify_credential(const LogConfiguration& configuration,
                                             std::span<const KnownDistinguished> known,
                                             const Credential& credential);

// Final verification, first way: the terminal log entry itself became distinguished.
// Errors: unavailable when it is not among `known`; verification_failed when it differs: evidence
// of misbehaviour by the log.
Result<void> finally_verify(const RetainedCredential& credential,
                            std::span<const KnownDistinguished> known);

// Final verification, second way: by the CredentialUpdate that goes with the credential. Its tree
// ends at the first distinguished log entry to the right of the terminal one, which `known` has to
// hold.
// Errors: unavailable when it does not yet (the update may be kept for later); verification_failed
// otherwise, naming the check.
Result<void> finally_verify(const LogConfiguration& configuration,
                            const RetainedCredential& credential,
                            std::span<const KnownDistinguished> known,
                            const CredentialUpdate& update);

}  // namespace kt::keytrans
