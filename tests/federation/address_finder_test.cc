#include "federation/address_finder.h"

#include <map>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include "must.h"

namespace kt::federation {
namespace {

using Addresses = std::vector<boost::asio::ip::address>;

// Knows one host.
class FakeResolver final : public Resolver {
 public:
  std::map<DnsType, Result<DnsAnswer>> answers;
  std::vector<std::string> asked;

  void has(DnsType type, const std::vector<std::string>& addresses, bool is_authentic = false) {
    DnsAnswer answer;
    answer.is_authentic = is_authentic;
    for (const std::string& each : addresses)
      answer.addresses.push_back(boost::asio::ip::make_address(each));
    answers.insert_or_assign(type, std::move(answer));
  }
  void fails(DnsType type) { answers.insert_or_assign(type, fail(Errc::unavailable, "silence")); }

  boost::asio::awaitable<Result<DnsAnswer>> ask(std::string name, DnsType type, Time) override {
    asked.push_back(std::move(name));
    co_return answers.at(type);
  }
};

Result<Addresses> find(FakeResolver& resolver, const std::string& host, AddressRules rules = {},
                       bool needs_dnssec = false) {
  const AddressFinder finder(resolver, std::move(rules), needs_dnssec);
  boost::asio::io_context context;
  auto found = boost::asio::co_spawn(
      context, finder.find(host, std::chrono::steady_clock::now() + std::chrono::seconds(10)),
      boost::asio::use_future);
  context.run();
  return found.get();
}

Addresses addresses_of(const std::vector<std::string>& texts) {
  Addresses addresses;
  for (const std::string& text : texts) addresses.push_back(boost::asio::ip::make_address(text));
  return addresses;
}

Errc refusal(const Result<Addresses>& found) {
  EXPECT_FALSE(found.has_value());
  return found ? Errc::corrupt : found.error().code;
}

TEST(AddressFinder, GivesThePublicAddresses) {
  FakeResolver resolver;
  resolver.has(DnsType::A, {"127.0.0.1", "1.1.1.1", "10.0.0.1"});
  resolver.has(DnsType::AAAA, {"::1", "2606:4700::1", "::ffff:127.0.0.1"});
  EXPECT_EQ(must(find(resolver, "kt.example.net")), addresses_of({"1.1.1.1", "2606:4700::1"}));
  EXPECT_EQ(resolver.asked, (std::vector<std::string>{"kt.example.net", "kt.example.net"}));
}

TEST(AddressFinder, ANameThatLeadsInsideIsRefused) {
  FakeResolver resolver;
  resolver.has(DnsType::A, {"127.0.0.1", "169.254.169.254"});
  resolver.has(DnsType::AAAA, {"64:ff9b::7f00:1"});
  EXPECT_EQ(refusal(find(resolver, "kt.example.net")), Errc::rejected);
  const AddressRules listed({must(parse_network("127.0.0.0/8"))});
  EXPECT_EQ(must(find(resolver, "kt.example.net", listed)), addresses_of({"127.0.0.1"}));
}

TEST(AddressFinder, AnAddressIsJudgedWithoutANameServer) {
  FakeResolver resolver;
  EXPECT_EQ(must(find(resolver, "1.1.1.1")), addresses_of({"1.1.1.1"}));
  EXPECT_EQ(refusal(find(resolver, "127.0.0.1")), Errc::rejected);
  EXPECT_EQ(refusal(find(resolver, "::1")), Errc::rejected);
  EXPECT_TRUE(resolver.asked.empty());
}

TEST(AddressFinder, OneOfTheTwoKindsIsEnough) {
  FakeResolver resolver;
  resolver.fails(DnsType::A);
  resolver.has(DnsType::AAAA, {"2606:4700::1"});
  EXPECT_EQ(must(find(resolver, "kt.example.net")), addresses_of({"2606:4700::1"}));
  resolver.has(DnsType::AAAA, {});
  EXPECT_EQ(refusal(find(resolver, "kt.example.net")), Errc::unavailable);
  resolver.has(DnsType::A, {});
  EXPECT_EQ(refusal(find(resolver, "kt.example.net")), Errc::unavailable);
}

TEST(AddressFinder, WhatHasToBeAuthenticIs) {
  FakeResolver resolver;
  resolver.has(DnsType::A, {"1.1.1.1"}, true);
  resolver.has(DnsType::AAAA, {}, true);
  EXPECT_TRUE(find(resolver, "kt.example.net", {}, true).has_value());
  resolver.has(DnsType::AAAA, {});
  EXPECT_EQ(refusal(find(resolver, "kt.example.net", {}, true)), Errc::rejected);
  resolver.has(DnsType::A, {"1.1.1.1"});
  EXPECT_EQ(refusal(find(resolver, "kt.example.net", {}, true)), Errc::rejected);
}

}  // namespace
}  // namespace kt::federation
