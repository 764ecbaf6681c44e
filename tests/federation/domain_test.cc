#include "federation/domain.h"

#include <random>
#include <string>

#include <gtest/gtest.h>

#include "names.h"

namespace kt::federation {
namespace {

// Expects `text` to be refused for a reason with `about` in it that does not quote it.
void expect_refused(const std::string& text, std::string_view about) {
  const auto domain = Domain::parse(text);
  ASSERT_FALSE(domain.has_value()) << text;
  EXPECT_EQ(domain.error().code, Errc::malformed);
  EXPECT_NE(domain.error().detail.find(about), std::string::npos)
      << text << ": " << domain.error().detail;
}

TEST(Domain, OneNameForEachSpelling) {
  EXPECT_EQ(domain_of("example.com").text(), "example.com");
  EXPECT_EQ(domain_of("EXAMPLE.com").text(), "example.com");
  EXPECT_EQ(domain_of("example.com.").text(), "example.com");
  EXPECT_EQ(domain_of("ｅｘａｍｐｌｅ．com").text(), "example.com");
  EXPECT_EQ(domain_of("example。com").text(), "example.com");
  EXPECT_EQ(domain_of("ⓔxample.com").text(), "example.com");
  EXPECT_EQ(domain_of("a1.b-2.example").text(), "a1.b-2.example");
}

// UTS #46, Section 4.1 and Table 1: nontransitional processing keeps these four.
TEST(Domain, NontransitionalByUts46) {
  EXPECT_EQ(domain_of("faß.de").text(), "xn--fa-hia.de");
  EXPECT_EQ(domain_of("XN--FA-HIA.de").text(), "xn--fa-hia.de");
  EXPECT_EQ(domain_of("βόλος.com").text(), "xn--nxasmm1c.com");
  EXPECT_EQ(domain_of("ශ්\u200dරී.com").text(), "xn--10cl1a0b660p.com");
  EXPECT_EQ(domain_of("نامه\u200cای.com").text(), "xn--mgba3gch31f060k.com");
}

TEST(Domain, NormalizesAndMaps) {
  EXPECT_EQ(domain_of("BU\u0308CHER.example").text(), "xn--bcher-kva.example");
  EXPECT_EQ(domain_of("b\u00fccher.example").text(), "xn--bcher-kva.example");
  EXPECT_EQ(domain_of("xn--bcher-kva.example").text(), "xn--bcher-kva.example");
}

// Names that libidn2 is not asked about, beside the same with the root's dot, which it is.
TEST(Domain, PlainNamesAreWhatLibidn2Says) {
  const unsigned seed = std::random_device{}();
  std::mt19937 random(seed);
  constexpr std::string_view kCharacters = "abcxn019--...";
  std::size_t accepted = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    const std::size_t size = random() % (i % 10 == 0 ? 260 : 20);
    while (text.size() < size) text += kCharacters[random() % kCharacters.size()];
    if (i % 2 == 0) text += ".example";
    if (text.ends_with('.')) continue;
    const auto plain = Domain::parse(text);
    const auto asked = Domain::parse(text + ".");
    ASSERT_EQ(plain.has_value(), asked.has_value()) << text << ", seed " << seed;
    if (!plain) continue;
    ++accepted;
    EXPECT_EQ(plain->text(), asked->text()) << "seed " << seed;
  }
  EXPECT_GT(accepted, 500U) << "seed " << seed;
}

// libidn2's own flag for these rules drops such characters, which makes another name.
TEST(Domain, RefusesWhatIsNoHostName) {
  for (const char* const text :
       {"a_b.example", "a b.example", "ab:80.example", "a=b.example", "a\u2100b.example",
        "[2001:db8::1].example", "a/b.example", "a@b.example", "a%2e.example"})
    expect_refused(text, "besides letters, digits and hyphens");
  expect_refused("-a.example", "IDN2_HYPHEN_STARTEND");
  expect_refused("a-.example", "IDN2_HYPHEN_STARTEND");
  expect_refused("ab--cd.example", "IDN2_2HYPHEN");
}

TEST(Domain, RefusesEmptyLabels) {
  for (const char* const text :
       {"", ".", "..", ".example.com", "example..com", "example.com..", "\u00ad.example"})
    expect_refused(text, "an empty label");
}

TEST(Domain, RefusesASingleLabel) {
  expect_refused("localhost", "a single label");
  expect_refused("com.", "a single label");
}

// Every spelling of an IPv4 address that inet_aton() takes ends in a number.
TEST(Domain, RefusesAddresses) {
  for (const char* const text : {"192.0.2.1", "１９２.0.2.1", "127.1", "1.0x7f000001", "example.1",
                                 "example.0x1", "192.0.2.1."})
    expect_refused(text, "an IP address");
  expect_refused("[2001:db8::1]", "besides");
}

TEST(Domain, BoundsOfItsLengths) {
  const std::string longest_label(63, 'a');
  EXPECT_EQ(domain_of(longest_label + ".example").text().size(), 71U);
  expect_refused(longest_label + "a.example", "IDN2_TOO_BIG_LABEL");
  const std::string three = longest_label + '.' + longest_label + '.' + longest_label + '.';
  EXPECT_EQ(domain_of(three + std::string(61, 'b')).text().size(), 253U);
  EXPECT_EQ(domain_of(three + std::string(61, 'b') + '.').text().size(), 253U);
  expect_refused(three + std::string(62, 'b'), "IDN2_TOO_BIG_DOMAIN");
  expect_refused(three + std::string(62, 'b') + '.', "IDN2_TOO_BIG_DOMAIN");
  expect_refused(std::string(1025, 'a'), "longer than 1024");
}

TEST(Domain, RefusesWhatIdna2008Disallows) {
  for (const char* const text : {"☃.example", "😀.example", "xn--n3h.example", "½.example"})
    expect_refused(text, "IDN2_DISALLOWED");
  expect_refused("\u0301a.example", "IDN2_LEADING_COMBINING");
  expect_refused("a\u200db.example", "IDN2_CONTEXTJ");
  expect_refused("\U00010d40.example", "IDN2_");  // not assigned in Unicode 14
}

// RFC 5892, Appendices A.3, A.5 and A.7; libidn2 leaves these to its caller.
TEST(Domain, RefusesCodePointsOutOfContext) {
  EXPECT_EQ(domain_of("l·l.example").text(), "xn--ll-0ea.example");
  for (const char* const text : {"a·l.example", "xn--al-0ea.example", "a\u2260b.example",
                                 "\u05f3\u05d0.\u05d0\u05d1", "・.example"})
    expect_refused(text, "not allowed there");
}

// xn--oh7c is the Punycode of a wide `@`, which is mapped and so never encoded.
TEST(Domain, RefusesALabelsThatNothingMapsTo) {
  for (const char* const text : {"xn--oh7c.example", "xn--6g7c.example", "xn--6a.example"})
    expect_refused(text, "an A-label is not that of");
  for (const char* const text : {"xn--.example", "xn--a.example", "xn--example-.example"})
    expect_refused(text, "IDN2_");
}

TEST(Domain, RefusesDirectionsThatMix) {
  EXPECT_EQ(domain_of("אב.example").text(), "xn--4dbc.example");
  expect_refused("אa.example", "IDN2_BIDI");
  // One label alone is in order, the name is not: RFC 5893, Section 2.
  expect_refused("0a.אב", "the Bidi Rule");
  expect_refused("0a.xn--4dbc", "the Bidi Rule");
}

TEST(Domain, RefusesBytesThatAreNotText) {
  expect_refused("ex\xff.example", "IDN2_");
  expect_refused(std::string("example.com\0.evil.example", 25), "a zero byte");
}

TEST(Domain, IsOrderedByItsText) {
  EXPECT_EQ(domain_of("A.example"), domain_of("a.example"));
  EXPECT_LT(domain_of("a.example"), domain_of("b.example"));
}

}  // namespace
}  // namespace kt::federation
