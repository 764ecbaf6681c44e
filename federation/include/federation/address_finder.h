// Where a host is that somebody else has named: asks name servers once, and gives those of its
// addresses that the rules permit. Who connects to what it gives, and asks nobody again, cannot be
// led elsewhere between the two.
//
// Thread rule: that of Resolver.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/address.hpp>

#include "federation/address_rules.h"
#include "federation/resolver.h"

namespace kt::federation {

class AddressFinder {
 public:
  // Borrows `resolver`. With `needs_dnssec`, what is not authentic is refused.
  AddressFinder(Resolver& resolver, AddressRules rules, bool needs_dnssec)
      : resolver_(resolver), rules_(std::move(rules)), needs_dnssec_(needs_dnssec) {}

  // The addresses of `host`, which is a name or an address, those of IPv4 first; at least one.
  // Errors: those of Resolver::ask(), unless there are addresses all the same; unavailable when it
  // has no address; rejected when none is permitted, or an answer is not authentic and has to be.
  boost::asio::awaitable<Result<std::vector<boost::asio::ip::address>>> find(
      std::string host, Resolver::Time deadline) const;

 private:
  Resolver& resolver_;
  AddressRules rules_;
  bool needs_dnssec_;
};

}  // namespace kt::federation
