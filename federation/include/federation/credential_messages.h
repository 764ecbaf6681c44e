// What a log is asked for credentials: proofs that one user hands to another.
//
// The draft has the answers, a Credential and a CredentialUpdate ("Credentials"), and leaves open
// how users come by them. The comments have our structures in the presentation language.
//
// Source: docs/http-api.md, "Credentials". Thread rule: plain values and pure functions.
#pragma once

#include <optional>

#include "keytrans/result.h"
#include "keytrans/types.h"

namespace kt::federation {

// Asks for a credential for the greatest version of a label, based on the distinguished log entry
// at `position`; without one, on the rightmost there is.
//
// struct { opaque label<0..2^8-1>; optional<uint64> position; } CredentialRequest;
struct CredentialRequest {
  Label label;
  std::optional<EntryIndex> position;

  friend bool operator==(const CredentialRequest&, const CredentialRequest&) = default;
};

// Asks for what settles a provisional credential for `version`, whose search ended at `terminal` in
// a tree of `tree_size` entries.
//
// struct {
//   opaque label<0..2^8-1>;
//   uint32 version;
//   uint64 terminal;
//   uint64 tree_size;
// } CredentialUpdateRequest;
struct CredentialUpdateRequest {
  Label label;
  Version version;
  EntryIndex terminal;
  TreeSize tree_size;

  friend bool operator==(const CredentialUpdateRequest&, const CredentialUpdateRequest&) = default;
};

// Errors: malformed when a field does not fit its bounds.
Result<Bytes> encode(const CredentialRequest& request);
Result<Bytes> encode(const CredentialUpdateRequest& request);

// The request that `bytes` are, to the last byte. Errors: malformed, with field and offset.
Result<CredentialRequest> decode_credential_request(ByteView bytes);
Result<CredentialUpdateRequest> decode_credential_update_request(ByteView bytes);

}  // namespace kt::federation
