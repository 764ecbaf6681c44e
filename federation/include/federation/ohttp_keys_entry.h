// What a domain's logs say of the keys of its Oblivious HTTP gateway: the value of the reserved
// label `kt:ohttp-keys` in each of its active logs. A client refuses key configurations whose hash
// is not there, so a gateway cannot hand somebody keys of their own to tell them apart.
//
// Thread rule: plain values.
#pragma once

#include <string_view>
#include <vector>

#include "keytrans/bytes.h"
#include "keytrans/result.h"

namespace kt::federation {

inline constexpr std::string_view kOhttpKeysLabel = "kt:ohttp-keys";

// How many lists may be in force. Each that there are more lets a gateway tell more users apart.
inline constexpr std::size_t kMaxOhttpLists = 8;

// struct {
//   opaque hash[32];               // SHA-256 of a list of key configurations
// } OhttpKeysHash;
// struct {
//   OhttpKeysHash lists<1..8>;     // every list whose keys are in force, the newest first
// } OhttpKeysEntry;
struct OhttpKeysEntry {
  std::vector<HashValue> lists;

  Result<Bytes> encode() const;
  // Errors: malformed.
  static Result<OhttpKeysEntry> decode(ByteView value);

  // Whether `list`, as it came with the type application/ohttp-keys, is one of them.
  [[nodiscard]] bool has(ByteView list) const;

  friend bool operator==(const OhttpKeysEntry&, const OhttpKeysEntry&) = default;
};

}  // namespace kt::federation
