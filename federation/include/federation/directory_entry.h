// What a domain's logs say of its directory document: the value of the reserved label
// `kt:directory` in each of its active logs. Clients monitor that label as if they owned it, so a
// document that is shown to some only does not stay hidden.
//
// Thread rule: plain values.
#pragma once

#include <string_view>

#include "federation/directory.h"

namespace kt::federation {

inline constexpr std::string_view kDirectoryLabel = "kt:directory";

// struct {
//   uint64 epoch;
//   opaque hash[32];    // SHA-256 of the payload
// } DirectoryEntry;
struct DirectoryEntry {
  Epoch epoch;
  HashValue hash{};

  Result<Bytes> encode() const;
  // Errors: malformed.
  static Result<DirectoryEntry> decode(ByteView value);

  friend bool operator==(const DirectoryEntry&, const DirectoryEntry&) = default;
};

}  // namespace kt::federation
