// DNS messages made without the code that reads them, right and wrong.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "keytrans/bytes.h"

namespace kt::federation {

// RFC 1035, Section 4.1.1.
inline constexpr std::uint16_t kDnsResponse = 0x8180;  // an answer, recursion desired and available
inline constexpr std::uint16_t kDnsTruncated = 0x0200;
inline constexpr std::uint16_t kDnsAuthentic = 0x0020;
inline constexpr std::uint16_t kDnsServerFailure = 2;
inline constexpr std::uint16_t kDnsNoSuchName = 3;

inline constexpr std::uint16_t kTypeA = 1;
inline constexpr std::uint16_t kTypeCname = 5;
inline constexpr std::uint16_t kTypeSoa = 6;
inline constexpr std::uint16_t kTypeTxt = 16;
inline constexpr std::uint16_t kTypeAaaa = 28;

inline Bytes dns_number(std::uint32_t number, int size) {
  Bytes bytes;
  for (int i = size - 1; i >= 0; --i)
    bytes.push_back(static_cast<std::uint8_t>(number >> static_cast<unsigned>(8 * i)));
  return bytes;
}

// "kt.example.com"; the root is "".
inline Bytes dns_name(std::string_view name) {
  Bytes bytes;
  while (!name.empty()) {
    const std::string_view label = name.substr(0, name.find('.'));
    bytes.push_back(static_cast<std::uint8_t>(label.size()));
    bytes.insert(bytes.end(), label.begin(), label.end());
    name.remove_prefix(std::min(name.size(), label.size() + 1));
  }
  bytes.push_back(0);
  return bytes;
}

inline Bytes joined(std::initializer_list<Bytes> parts) {
  Bytes all;
  for (const Bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

struct DnsRecord {
  Bytes owner;
  std::uint16_t type;
  Bytes data;
  std::uint32_t ttl = 300;
  std::uint16_t group = 1;
};

inline DnsRecord a_record(std::string_view owner, Bytes address, std::uint32_t ttl = 300) {
  return {dns_name(owner), kTypeA, std::move(address), ttl};
}
inline DnsRecord cname_record(std::string_view owner, std::string_view target,
                              std::uint32_t ttl = 300) {
  return {dns_name(owner), kTypeCname, dns_name(target), ttl};
}
inline DnsRecord txt_record(std::string_view owner, std::string_view text,
                            std::uint32_t ttl = 300) {
  return {dns_name(owner), kTypeTxt,
          joined({dns_number(static_cast<std::uint32_t>(text.size()), 1), to_bytes(text)}), ttl};
}
inline DnsRecord soa_record(std::string_view zone, std::uint32_t minimum,
                            std::uint32_t ttl = 3600) {
  return {dns_name(zone), kTypeSoa,
          joined({dns_name("ns.example"), dns_name("somebody.example"), dns_number(1, 4),
                  dns_number(2, 4), dns_number(3, 4), dns_number(4, 4), dns_number(minimum, 4)}),
          ttl};
}

struct DnsReply {
  std::uint16_t flags = kDnsResponse;
  std::vector<DnsRecord> answers{};
  std::vector<DnsRecord> authorities{};
  Bytes more{};  // after the end
};

// `reply` to a question for the records that `name` has of `type`.
inline Bytes dns_message(std::uint16_t id, std::string_view name, std::uint16_t type,
                         const DnsReply& reply) {
  Bytes message = joined({dns_number(id, 2), dns_number(reply.flags, 2), dns_number(1, 2),
                          dns_number(static_cast<std::uint32_t>(reply.answers.size()), 2),
                          dns_number(static_cast<std::uint32_t>(reply.authorities.size()), 2),
                          dns_number(0, 2), dns_name(name), dns_number(type, 2), dns_number(1, 2)});
  for (const auto* const section : {&reply.answers, &reply.authorities}) {
    for (const DnsRecord& record : *section) {
      const Bytes bytes =
          joined({record.owner, dns_number(record.type, 2), dns_number(record.group, 2),
                  dns_number(record.ttl, 4),
                  dns_number(static_cast<std::uint32_t>(record.data.size()), 2), record.data});
      message.insert(message.end(), bytes.begin(), bytes.end());
    }
  }
  message.insert(message.end(), reply.more.begin(), reply.more.end());
  return message;
}

}  // namespace kt::federation
