// What a name server answers: a message that is read within bounds, and believed as far as it is an
// answer to the question. Internal.
//
// Source: RFC 1035, Section 4; RFC 2308. Thread rule: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "federation/resolver.h"
#include "keytrans/bytes.h"

namespace kt::federation {

// Of a message; of the records in one; of the CNAMEs that are followed.
inline constexpr std::size_t kMaxDnsMessage = 8192;
inline constexpr std::size_t kMaxDnsRecords = 128;
inline constexpr std::size_t kMaxDnsAliases = 8;

struct DnsQuestion {
  std::uint16_t id = 0;
  std::string name;  // as of encode_dns_name(), with the case of each letter
  DnsType type = DnsType::A;
};

// `name` as it stands in messages. Nothing unless it is labels of 1 to 63 letters, digits, hyphens
// and underscores, with dots between them, and 255 bytes as it stands in messages.
[[nodiscard]] std::optional<Bytes> encode_dns_name(std::string_view name);

// Records that nobody has asked for are not looked at, except that they have to be records.
// Errors, with nothing of what the message says: malformed when it is no answer to `question`, is
// cut off, contradicts itself, or is beyond the bounds; unavailable when the server says that it
// cannot answer, or says neither what there is nor that there is nothing.
// Requires: encode_dns_name() has the name.
Result<DnsAnswer> parse_dns_answer(ByteView message, const DnsQuestion& question);

}  // namespace kt::federation
