// Which addresses a gateway connects to for somebody who names a domain: those of the Internet, and
// no address through which a name of somebody's could reach this machine or its network.
//
// Source: the IANA special-purpose address registries (RFC 6890), and what of multicast (RFC 5771,
// RFC 4291) is none of theirs. Thread rule: plain values and pure functions.
#pragma once

#include <string_view>
#include <vector>

#include <boost/asio/ip/address.hpp>

#include "keytrans/result.h"

namespace kt::federation {

// All addresses that begin with the same bits.
struct Network {
  boost::asio::ip::address address;
  unsigned prefix = 0;  // bits; at most those of the address

  // Addresses of IPv4 and of IPv6 are never the same, whatever one has of the other in it.
  [[nodiscard]] bool has(const boost::asio::ip::address& other) const;
  friend bool operator==(const Network&, const Network&) = default;
};

// "192.0.2.0/24" or "2001:db8::/32"; an address without a prefix is that address alone.
// Errors: malformed, also for bits after the prefix that are not 0.
Result<Network> parse_network(std::string_view text);

// Whether anybody on the Internet may have the address. Not those of a special purpose: this
// network, private ones, loopback, link-local, shared (carrier-grade NAT), documentation,
// benchmarks, multicast, reserved; and none that has one of IPv4 within it (mapped, NAT64, 6to4,
// Teredo), for that would be a way around. Of IPv6, those of global unicast alone.
[[nodiscard]] bool is_public(const boost::asio::ip::address& address);

// Public addresses, and those that an operator has listed.
class AddressRules {
 public:
  AddressRules() = default;
  explicit AddressRules(std::vector<Network> listed) : listed_(std::move(listed)) {}

  [[nodiscard]] bool permit(const boost::asio::ip::address& address) const;
  friend bool operator==(const AddressRules&, const AddressRules&) = default;

 private:
  std::vector<Network> listed_;
};

}  // namespace kt::federation
