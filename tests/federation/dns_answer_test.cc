#include "dns_answer.h"

#include <gtest/gtest.h>

#include "dns_message.h"
#include "must.h"

namespace kt::federation {
namespace {

constexpr std::uint16_t kId = 0xbeef;
const std::string kName = "kt.Example.nEt";
const Bytes kAddress{192, 0, 2, 1};

std::uint16_t number_of(DnsType type) { return static_cast<std::uint16_t>(type); }

Result<DnsAnswer> parse(const DnsReply& reply, DnsType type = DnsType::A) {
  return parse_dns_answer(dns_message(kId, kName, number_of(type), reply), {kId, kName, type});
}

Errc refusal(const DnsReply& reply, DnsType type = DnsType::A) {
  const auto parsed = parse(reply, type);
  EXPECT_FALSE(parsed.has_value());
  return parsed ? Errc::corrupt : parsed.error().code;
}

TEST(DnsAnswer, HasTheAddressesOfTheName) {
  DnsReply reply;
  reply.answers = {a_record("kt.example.net", kAddress, 60),
                   a_record("KT.EXAMPLE.NET", {192, 0, 2, 2}, 50)};
  const DnsAnswer answer = must(parse(reply));
  ASSERT_EQ(answer.addresses.size(), 2U);
  EXPECT_EQ(answer.addresses[0].to_string(), "192.0.2.1");
  EXPECT_EQ(answer.addresses[1].to_string(), "192.0.2.2");
  EXPECT_EQ(answer.ttl, std::chrono::seconds(50));
  EXPECT_FALSE(answer.is_authentic);
  EXPECT_TRUE(answer.name_exists);
}

TEST(DnsAnswer, HasAddressesOfIpv6) {
  DnsReply reply;
  Bytes address(16, 0);
  address[0] = 0x20;
  address[15] = 7;
  reply.answers = {{dns_name("kt.example.net"), kTypeAaaa, address}};
  EXPECT_EQ(must(parse(reply, DnsType::AAAA)).addresses.at(0).to_string(), "2000::7");
}

TEST(DnsAnswer, TheStringsOfATextAreOneText) {
  DnsReply reply;
  reply.answers = {{dns_name("kt.example.net"), kTypeTxt,
                    joined({{3}, to_bytes("v=K"), {0}, {2}, to_bytes("T1")})},
                   txt_record("kt.example.net", "other")};
  const DnsAnswer answer = must(parse(reply, DnsType::TXT));
  EXPECT_EQ(answer.texts, (std::vector<std::string>{"v=KT1", "other"}));
}

TEST(DnsAnswer, SaysWhetherItWasValidated) {
  DnsReply reply;
  reply.flags |= kDnsAuthentic;
  reply.answers = {a_record("kt.example.net", kAddress)};
  EXPECT_TRUE(must(parse(reply)).is_authentic);
}

TEST(DnsAnswer, FollowsAliasesInAnyOrder) {
  DnsReply reply;
  reply.answers = {a_record("host.example.org", kAddress, 100),
                   cname_record("www.example.org", "host.example.org", 20),
                   cname_record("kt.example.net", "www.example.org", 30)};
  const DnsAnswer answer = must(parse(reply));
  EXPECT_EQ(answer.addresses.size(), 1U);
  EXPECT_EQ(answer.ttl, std::chrono::seconds(20));
}

TEST(DnsAnswer, RecordsThatNobodyAskedForAreNone) {
  DnsReply reply;
  reply.answers = {a_record("other.example.net", {127, 0, 0, 1}),
                   txt_record("kt.example.net", "text"), a_record("kt.example.net", kAddress)};
  DnsRecord chaos = a_record("kt.example.net", {127, 0, 0, 1});
  chaos.group = 3;
  reply.answers.push_back(chaos);
  const DnsAnswer answer = must(parse(reply));
  ASSERT_EQ(answer.addresses.size(), 1U);
  EXPECT_EQ(answer.addresses[0].to_string(), "192.0.2.1");
  EXPECT_TRUE(answer.texts.empty());
}

TEST(DnsAnswer, NamesMayPointBack) {
  DnsReply reply;
  DnsRecord alias = cname_record("kt.example.net", "");
  alias.data = {3, 'w', 'w', 'w', 0xc0, 15};  // www.example.net: after the header and "kt"
  DnsRecord address = a_record("", kAddress);
  address.owner = {3, 'w', 'w', 'w', 0xc0, 15};
  reply.answers = {alias, address};
  EXPECT_EQ(must(parse(reply)).addresses.size(), 1U);
}

// Each of them would never end, or leave the message.
TEST(DnsAnswer, NamesThatPointElsewhereAreRefused) {
  const std::size_t here = dns_message(kId, kName, kTypeA, {}).size();
  for (const std::size_t target : {here, here + 1, here + 100, std::size_t{0x3fff}}) {
    DnsReply reply;
    DnsRecord record = a_record("", kAddress);
    record.owner = dns_number(static_cast<std::uint32_t>(0xc000 | target), 2);
    reply.answers = {record};
    EXPECT_EQ(refusal(reply), Errc::malformed) << target;
  }
}

TEST(DnsAnswer, ALoopOfAliasesIsRefused) {
  DnsReply reply;
  reply.answers = {cname_record("kt.example.net", "a.example"),
                   cname_record("a.example", "b.example"),
                   cname_record("b.example", "kt.example.net")};
  EXPECT_EQ(refusal(reply), Errc::malformed);
  reply.answers = {cname_record("kt.example.net", "kt.example.net")};
  EXPECT_EQ(refusal(reply), Errc::malformed);
}

TEST(DnsAnswer, AliasesAreCounted) {
  const auto chain = [](std::size_t length) {
    DnsReply reply;
    std::string name = "kt.example.net";
    for (std::size_t i = 0; i < length; ++i) {
      const std::string next = "n" + std::to_string(i) + ".example";
      reply.answers.push_back(cname_record(name, next));
      name = next;
    }
    reply.answers.push_back(a_record(name, kAddress));
    return reply;
  };
  EXPECT_EQ(must(parse(chain(kMaxDnsAliases))).addresses.size(), 1U);
  EXPECT_EQ(refusal(chain(kMaxDnsAliases + 1)), Errc::malformed);
}

TEST(DnsAnswer, AnAliasIsTheOnlyOneAndAllThereIs) {
  DnsReply reply;
  reply.answers = {cname_record("kt.example.net", "a.example"),
                   a_record("kt.example.net", kAddress), a_record("a.example", kAddress)};
  EXPECT_EQ(refusal(reply), Errc::malformed);
  reply.answers = {cname_record("kt.example.net", "a.example"),
                   cname_record("kt.example.net", "b.example"), a_record("a.example", kAddress)};
  EXPECT_EQ(refusal(reply), Errc::malformed);
}

TEST(DnsAnswer, ThatThereIsNothingNeedsTheZone) {
  for (const std::uint16_t code : {std::uint16_t{0}, kDnsNoSuchName}) {
    DnsReply reply;
    reply.flags |= code;
    EXPECT_EQ(refusal(reply), Errc::unavailable);
    reply.authorities = {soa_record("example.org", 60)};
    EXPECT_EQ(refusal(reply), Errc::unavailable);
    reply.authorities = {soa_record("t.example.net", 60)};
    EXPECT_EQ(refusal(reply), Errc::unavailable);
    // RFC 2308, Section 5: the lesser of the two.
    reply.authorities = {soa_record("EXAMPLE.net", 60, 70)};
    const DnsAnswer answer = must(parse(reply));
    EXPECT_TRUE(answer.addresses.empty());
    EXPECT_EQ(answer.name_exists, code == 0);
    EXPECT_EQ(answer.ttl, std::chrono::seconds(60));
    reply.authorities = {soa_record("", 60, 50)};
    EXPECT_EQ(must(parse(reply)).ttl, std::chrono::seconds(50));
  }
}

TEST(DnsAnswer, ADanglingAliasIsNothing) {
  DnsReply reply;
  reply.flags |= kDnsNoSuchName;
  reply.answers = {cname_record("kt.example.net", "gone.example.org", 30)};
  reply.authorities = {soa_record("example.org", 60)};
  const DnsAnswer answer = must(parse(reply));
  EXPECT_FALSE(answer.name_exists);
  EXPECT_EQ(answer.ttl, std::chrono::seconds(30));
}

TEST(DnsAnswer, ANameThatDoesNotExistHasNoRecords) {
  DnsReply reply;
  reply.flags |= kDnsNoSuchName;
  reply.answers = {a_record("kt.example.net", kAddress)};
  reply.authorities = {soa_record("example.net", 60)};
  EXPECT_EQ(refusal(reply), Errc::malformed);
}

TEST(DnsAnswer, AServerThatCannotAnswerHasNotSaidThatThereIsNothing) {
  for (std::uint16_t code = 1; code < 16; ++code) {
    if (code == kDnsNoSuchName) continue;
    DnsReply reply;
    reply.flags = static_cast<std::uint16_t>(reply.flags | code);
    reply.authorities = {soa_record("example.net", 60)};
    EXPECT_EQ(refusal(reply), Errc::unavailable) << code;
  }
}

TEST(DnsAnswer, AnAnswerToSomethingElseIsNone) {
  DnsReply reply;
  reply.answers = {a_record("kt.example.net", kAddress)};
  const DnsQuestion question{kId, kName, DnsType::A};
  EXPECT_TRUE(parse_dns_answer(dns_message(kId, kName, kTypeA, reply), question).has_value());
  for (const Bytes& other : {dns_message(kId + 1, kName, kTypeA, reply),
                             dns_message(kId, "kt.example.net", kTypeA, reply),
                             dns_message(kId, "kt.example.org", kTypeA, reply),
                             dns_message(kId, kName, kTypeTxt, reply)}) {
    const auto parsed = parse_dns_answer(other, question);
    ASSERT_FALSE(parsed.has_value());
    EXPECT_EQ(parsed.error().code, Errc::malformed);
  }
}

TEST(DnsAnswer, WhatIsNoWholeAnswerIsRefused) {
  DnsReply reply;
  reply.answers = {a_record("kt.example.net", kAddress)};
  reply.flags = kDnsResponse & 0x7fff;  // a question
  EXPECT_EQ(refusal(reply), Errc::malformed);
  reply.flags = kDnsResponse | 0x2800;  // a dynamic update
  EXPECT_EQ(refusal(reply), Errc::malformed);
  reply.flags = kDnsResponse | kDnsTruncated;
  EXPECT_EQ(refusal(reply), Errc::malformed);
  reply.flags = kDnsResponse;
  reply.more = {0};
  EXPECT_EQ(refusal(reply), Errc::malformed);
}

TEST(DnsAnswer, EveryCutIsNoticed) {
  DnsReply reply;
  reply.answers = {cname_record("kt.example.net", "a.example"), a_record("a.example", kAddress)};
  reply.authorities = {soa_record("example.net", 60)};
  const Bytes whole = dns_message(kId, kName, kTypeA, reply);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto parsed = parse_dns_answer(ByteView(whole).first(size), {kId, kName, DnsType::A});
    ASSERT_FALSE(parsed.has_value()) << size;
    EXPECT_EQ(parsed.error().code, Errc::malformed) << size;
  }
}

TEST(DnsAnswer, RecordsOfAWrongSizeAreRefused) {
  for (const std::size_t size : {0U, 3U, 5U, 16U}) {
    DnsReply reply;
    reply.answers = {a_record("kt.example.net", Bytes(size, 1))};
    EXPECT_EQ(refusal(reply), Errc::malformed) << size;
  }
  DnsReply reply;
  for (const Bytes& data : {Bytes{}, Bytes{3, 'a'}, Bytes{1, 'a', 1}}) {
    reply.answers = {{dns_name("kt.example.net"), kTypeTxt, data}};
    EXPECT_EQ(refusal(reply, DnsType::TXT), Errc::malformed);
  }
}

TEST(DnsAnswer, IsBounded) {
  DnsReply reply;
  reply.answers.assign(kMaxDnsRecords, a_record("kt.example.net", kAddress));
  EXPECT_EQ(must(parse(reply)).addresses.size(), kMaxDnsRecords);
  reply.authorities = {soa_record("example.net", 60)};
  EXPECT_EQ(refusal(reply), Errc::malformed);
  reply.authorities.clear();
  reply.answers.assign(kMaxDnsMessage / 256, txt_record("kt.example.net", std::string(255, 'a')));
  EXPECT_EQ(refusal(reply, DnsType::TXT), Errc::malformed);
}

TEST(DnsAnswer, ATtlThatIsNoneIsZero) {
  DnsReply reply;
  reply.answers = {a_record("kt.example.net", kAddress, 0x80000001)};
  EXPECT_EQ(must(parse(reply)).ttl, std::chrono::seconds(0));
}

TEST(DnsName, IsEncodedWhenItIsOne) {
  EXPECT_EQ(encode_dns_name("_kt.a-1.NET"), dns_name("_kt.a-1.NET"));
  const std::string label(63, 'a');
  std::string longest;  // but for its last label
  for (int i = 0; i < 3; ++i) longest += label + '.';
  EXPECT_TRUE(encode_dns_name(label).has_value());
  EXPECT_TRUE(encode_dns_name(longest + label.substr(2)).has_value());
  EXPECT_FALSE(encode_dns_name(longest + label.substr(1)).has_value());
  EXPECT_FALSE(encode_dns_name(label + 'a').has_value());
  for (const std::string& none :
       {std::string(), std::string("."), std::string("a."), std::string(".a"), std::string("a..b"),
        std::string("a b"), std::string("a\\b"), std::string("b\xc3\xbc"), std::string("a%b"),
        std::string("a\0b", 3)})
    EXPECT_FALSE(encode_dns_name(none).has_value()) << none;
}

}  // namespace
}  // namespace kt::federation
