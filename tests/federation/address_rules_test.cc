#include "federation/address_rules.h"

#include <gtest/gtest.h>

#include "must.h"

namespace kt::federation {
namespace {

boost::asio::ip::address address_of(const std::string& text) {
  return boost::asio::ip::make_address(text);
}

TEST(AddressRules, AddressesOfTheInternetArePublic) {
  for (const char* const text :
       {"1.1.1.1",          "9.255.255.255",   "11.0.0.0",        "100.63.255.255",
        "100.128.0.0",      "126.255.255.255", "128.0.0.0",       "169.253.255.255",
        "169.255.0.0",      "172.15.255.255",  "172.32.0.0",      "192.0.1.0",
        "192.0.3.0",        "192.88.98.255",   "192.167.255.255", "192.169.0.0",
        "198.17.255.255",   "198.20.0.0",      "198.51.99.255",   "203.0.112.255",
        "203.0.114.0",      "223.255.255.255", "2000::1",         "2001:200::",
        "2001:db7:ffff::1", "2001:db9::",      "2003::1",         "2606:4700::1",
        "3ffe::1",          "3fff:1000::"})
    EXPECT_TRUE(is_public(address_of(text))) << text;
}

// The first and the last address of each row.
TEST(AddressRules, AddressesOfASpecialPurposeAreNot) {
  for (const char* const text :
       {"0.0.0.0",         "0.255.255.255",   "10.0.0.0",        "10.255.255.255",
        "100.64.0.0",      "100.127.255.255", "127.0.0.1",       "127.255.255.255",
        "169.254.0.0",     "169.254.169.254", "172.16.0.0",      "172.31.255.255",
        "192.0.0.0",       "192.0.0.255",     "192.0.2.0",       "192.0.2.255",
        "192.88.99.1",     "192.168.0.0",     "192.168.255.255", "198.18.0.0",
        "198.19.255.255",  "198.51.100.1",    "203.0.113.255",   "224.0.0.1",
        "239.255.255.255", "240.0.0.0",       "255.255.255.255"})
    EXPECT_FALSE(is_public(address_of(text))) << text;
  for (const char* const text : {"::",
                                 "::1",
                                 "::127.0.0.1",
                                 "::ffff:1.1.1.1",
                                 "::ffff:127.0.0.1",
                                 "64:ff9b::1.1.1.1",
                                 "64:ff9b:1::1",
                                 "100::1",
                                 "2001::1",
                                 "2001:2::1",
                                 "2001:1ff:ffff::",
                                 "2001:db8::1",
                                 "2002:7f00:1::",
                                 "2002:101:101::",
                                 "3fff::1",
                                 "3fff:fff::1",
                                 "4000::1",
                                 "5f00::1",
                                 "fc00::1",
                                 "fdff::1",
                                 "fe80::1",
                                 "fec0::1",
                                 "ff02::1",
                                 "2000::1%1"})
    EXPECT_FALSE(is_public(address_of(text))) << text;
}

TEST(AddressRules, WhatAnOperatorListsIsPermitted) {
  const AddressRules rules({must(parse_network("127.0.0.0/8")), must(parse_network("10.1.2.3")),
                            must(parse_network("fd00:1::/32"))});
  for (const char* const text : {"127.0.0.1", "127.1.2.3", "10.1.2.3", "fd00:1::7", "1.1.1.1"})
    EXPECT_TRUE(rules.permit(address_of(text))) << text;
  for (const char* const text : {"10.1.2.4", "fd00:2::7", "::ffff:127.0.0.1", "::1"})
    EXPECT_FALSE(rules.permit(address_of(text))) << text;
  EXPECT_FALSE(AddressRules().permit(address_of("127.0.0.1")));
}

TEST(AddressRules, NetworksAreReadStrictly) {
  const Network network = must(parse_network("192.0.2.0/25"));
  EXPECT_EQ(network.prefix, 25U);
  EXPECT_TRUE(network.has(address_of("192.0.2.127")));
  EXPECT_FALSE(network.has(address_of("192.0.2.128")));
  EXPECT_TRUE(must(parse_network("0.0.0.0/0")).has(address_of("255.1.2.3")));
  EXPECT_EQ(must(parse_network("::1")).prefix, 128U);
  for (const char* const text :
       {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x", "10.0.0.1/8", "10/8",
        "::/129", "::1/127", "fe80::1%eth0/128", "example.com/8", "10.0.0.0 /8"})
    EXPECT_FALSE(parse_network(text).has_value()) << text;
}

}  // namespace
}  // namespace kt::federation
