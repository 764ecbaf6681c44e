// What a connection says of its client. Certificates are in admission_test.cc.
#include "client_identity.h"

#include <gtest/gtest.h>

namespace kt::gateway {
namespace {

std::string network(const char* address) {
  return network_of(boost::asio::ip::make_address(address));
}

TEST(Network, IsAnIpv4AddressOrHalfAnIpv6Address) {
  EXPECT_EQ(network("192.0.2.1"), std::string("\xc0\x00\x02\x01", 4));
  EXPECT_NE(network("192.0.2.1"), network("192.0.2.2"));
  EXPECT_EQ(network("2001:db8:0:1::1"), network("2001:db8:0:1:ffff::2"));
  EXPECT_NE(network("2001:db8:0:1::1"), network("2001:db8:0:2::1"));
  EXPECT_EQ(network("::ffff:192.0.2.1"), network("192.0.2.1"));
}

TEST(Network, IsThatOfTheLastAddressOfAField) {
  EXPECT_EQ(forwarded_network("192.0.2.1"), network("192.0.2.1"));
  EXPECT_EQ(forwarded_network("203.0.113.9, 2001:db8::1 \t, 192.0.2.1 "), network("192.0.2.1"));
  EXPECT_EQ(forwarded_network("192.0.2.1,2001:db8::1"), network("2001:db8::1"));
  for (const char* const field : {"", " ", ",", "192.0.2.1,", "unknown", "192.0.2.1:80", "192.0.2",
                                  "192.0.2.1 192.0.2.2", "[2001:db8::1]"})
    EXPECT_EQ(forwarded_network(field), std::nullopt) << field;
}

}  // namespace
}  // namespace kt::gateway
