// What a gateway remembers of another domain, and what the domain's DNS says of it. Internal.
//
// Thread rule: plain values and pure functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "federation/directory_succession.h"

namespace kt::federation {

struct DiscoveryRecord {
  KnownDirectory directory;
  std::string hint;   // the id when the document was fetched last
  Timestamp fetched;  // and when that was
  bool is_authentic = false;

  // Bytes of the documents.
  [[nodiscard]] std::size_t size() const;

  // DiscoveryRecord in docs/formats.md.
  Result<Bytes> encode() const;
  // Errors: corrupt for bytes that encode() did not write for `domain`; rejected for a format that
  // this version does not know.
  static Result<DiscoveryRecord> decode(ByteView bytes, const Domain& domain);
};

// The id in the one of a name's `texts` that is a hint: `v=KT1; id=20261101T01`. Nothing when none
// is. An id is 1 to 64 letters, digits, `.`, `_` and `-`; what else a hint has is not looked at.
// Errors: malformed when there are two hints, or one without an id.
Result<std::optional<std::string>> find_hint(const std::vector<std::string>& texts);

}  // namespace kt::federation
