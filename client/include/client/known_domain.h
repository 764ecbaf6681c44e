// A domain that a user has decided to trust: the directory document that is believed, and where it
// is looked for.
//
// Thread rule: plain values.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "client/transport.h"
#include "federation/directory_succession.h"
#include "keytrans/client_state.h"

namespace kt::client {

// What a log was last verified to say of its domain's document, under `kt:directory`.
struct SeenEntry {
  LogId log;
  Version version;
  federation::DirectoryEntry entry;

  friend bool operator==(const SeenEntry&, const SeenEntry&) = default;
};

struct KnownDomain {
  federation::KnownDirectory directory;
  Origin source;  // of the document
  keytrans::ContactPolicy contact_policy = keytrans::ContactPolicy::as_required;
  Timestamp trusted_at;         // when the user decided
  std::vector<SeenEntry> seen;  // no log twice

  [[nodiscard]] const federation::Directory& current() const {
    return directory.current.directory();
  }

  // KnownDomain in docs/client.md.
  Result<Bytes> encode() const;
  // Errors: corrupt for bytes that encode() did not write for `domain`; rejected for a format that
  // this version does not know.
  static Result<KnownDomain> decode(ByteView bytes, const federation::Domain& domain);
};

}  // namespace kt::client
