// What a connection says of the client at its other end. Internal.
//
// Thread rule: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/ip/address.hpp>
#include <openssl/ssl.h>

#include "http_message.h"

namespace kt::gateway {

// Client::network of `address`; an IPv4 address that is mapped into IPv6 is one of IPv4.
[[nodiscard]] std::string network_of(const boost::asio::ip::address& address);

// That of the last address in the value of a field such as X-Forwarded-For, which is the one that
// the nearest proxy saw itself. Nothing when there is none.
[[nodiscard]] std::optional<std::string> forwarded_network(std::string_view field);

// Fills in what the certificate was issued for that the client has shown (RFC 5280, section
// 4.2.1.6), which is nothing when it has shown none, or one that did not verify.
void add_certificate(const SSL* connection, Client& client);

}  // namespace kt::gateway
