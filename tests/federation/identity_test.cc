#include "federation/identity.h"

#include <string>

#include <gtest/gtest.h>

#include "federation/reserved.h"
#include "names.h"

namespace kt::federation {
namespace {

const std::optional<Domain> kNoDefault;

struct Name {
  std::string domain;
  std::string label;

  friend bool operator==(const Name&, const Name&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Name& name) {
    return out << name.label << " of " << name.domain;
  }
};

Result<Name> parse(std::string_view text, LabelRule rule = LabelRule::bytes,
                   const std::optional<Domain>& default_domain = kNoDefault) {
  KT_TRY(const Identity identity, Identity::parse(text, default_domain));
  KT_TRY(const Label label, identity.label(rule));
  return Name{identity.domain().text(), text_of(label)};
}

void expect_error(std::string_view text, Errc code, std::string_view about,
                  LabelRule rule = LabelRule::bytes) {
  const auto name = parse(text, rule);
  ASSERT_FALSE(name.has_value()) << text << " is " << *name;
  EXPECT_EQ(name.error().code, code) << text;
  EXPECT_NE(name.error().detail.find(about), std::string::npos)
      << text << ": " << name.error().detail;
}

void expect_malformed(std::string_view text, std::string_view about) {
  expect_error(text, Errc::malformed, about);
}
void expect_rejected(std::string_view text, std::string_view about) {
  expect_error(text, Errc::rejected, about);
}

const Name kAlice{"example.com", "alice@example.com"};

TEST(Identity, EverySpellingOfAliceIsAlice) {
  for (const char* const text : {
           "alice@example.com",
           "alice@EXAMPLE.com",
           "alice@example.com.",
           "alice@ｅｘａｍｐｌｅ。com",
           "alice@example.com/phone",
           "alice@example.com/phone:1/2",
           "acct:alice@example.com",
           "ACCT:%61lice@ex%61mple.com",
           "xmpp:alice@example.com",
           "Xmpp:alice@example.com/phone",
           "xmpp:alice@example.com/a@b",
           "xmpp:alice@example.com?message;body=hi@example.org",
           "xmpp:%61lice@example.com#x",
           "@alice:example.com",
           "@alice:Example.COM",
           "mimi://example.com/u/alice",
           "MIMI://EXAMPLE.com/u/%61lice",
       })
    EXPECT_EQ(must(parse(text)), kAlice) << text;
}

TEST(Identity, LocalPartsFollowTheRuleOfTheirDomain) {
  EXPECT_EQ(must(parse("Jörg@example.com", LabelRule::bytes)).label, "Jörg@example.com");
  EXPECT_EQ(must(parse("JÖrg@example.com", LabelRule::ascii_lower)).label, "jÖrg@example.com");
  EXPECT_EQ(must(parse("JÖRG@example.com", LabelRule::username_case_mapped)).label,
            "jörg@example.com");
  EXPECT_EQ(must(parse("xmpp:J%C3%96RG@example.com", LabelRule::username_case_mapped)).label,
            "jörg@example.com");
}

TEST(Identity, DomainsAreALabels) {
  EXPECT_EQ(must(parse("alice@BÜCHER.example")),
            (Name{"xn--bcher-kva.example", "alice@xn--bcher-kva.example"}));
  EXPECT_EQ(must(parse("acct:alice@b%C3%BCcher.example")).domain, "xn--bcher-kva.example");
}

// RFC 7565, Section 4: the local part is an address somewhere else.
TEST(Identity, LocalPartsMayHaveAnAt) {
  const Name juliet{"shoppingsite.example", "juliet@capulet.example@shoppingsite.example"};
  EXPECT_EQ(must(parse("acct:juliet%40capulet.example@shoppingsite.example")), juliet);
  EXPECT_EQ(must(parse("juliet@capulet.example@shoppingsite.example")), juliet);
  EXPECT_EQ(must(parse("mimi://shoppingsite.example/u/juliet%40capulet.example")), juliet);
}

TEST(Identity, LocalPartsMayHaveASlash) {
  const Name name{"example.com", "a/b@example.com"};
  EXPECT_EQ(must(parse("a/b@example.com")), name);
  EXPECT_EQ(must(parse("@a/b:example.com")), name);
  EXPECT_EQ(must(parse("acct:a%2fb@example.com")), name);
}

// Only URIs are percent-encoded.
TEST(Identity, APercentSignIsOneElsewhere) {
  EXPECT_EQ(must(parse("a%40b@example.com")).label, "a%40b@example.com");
  EXPECT_EQ(must(parse("acct:a%2540b@example.com")).label, "a%40b@example.com");
}

// The same text must not be two identities for two readers.
TEST(Identity, RefusesWhatReadsInTwoWays) {
  expect_rejected("alice@example.com/x@example.org", "a '/' behind an '@', at byte 17");
  expect_rejected("acct:alice%40example.com%2fx@example.org", "a '/' behind an '@'");
  expect_rejected("sip:alice@example.com", "a ':' at byte 3");
  expect_rejected("acct:acct%3aalice@example.com", "a ':' at byte 4");
  expect_rejected("mimi://example.com/u/kt:x", "a ':'");
  expect_rejected("@@alice:example.com", "begins with '@'");
  expect_rejected("acct:%40alice@example.com", "begins with '@'");
  // Wide characters that the rule maps to those.
  const LabelRule rule = LabelRule::username_case_mapped;
  expect_error("kt：x@example.com", Errc::rejected, "a ':' at byte 2", rule);
  expect_error("＠alice@example.com", Errc::rejected, "begins with '@'", rule);
  expect_error("a＠b／c@example.com", Errc::rejected, "a '/' behind an '@'", rule);
}

TEST(Identity, ReservedLabelsAreNobody) {
  expect_rejected("kt:directory", "belongs to the gateways");
  expect_rejected("kt:x@example.com", "belongs to the gateways");
  expect_rejected("acct:kt%3ax@example.com", "a ':'");
}

TEST(Identity, TelephoneNumbers) {
  const std::optional<Domain> home = domain_of("example.com");
  const Name number{"example.com", "tel:+12015550123"};
  for (const char* const text : {"tel:+12015550123", "tel:+1-201-555-0123", "TEL:+1(201)555.0123"})
    EXPECT_EQ(must(parse(text, LabelRule::bytes, home)), number) << text;
  expect_malformed("tel:12015550123", "not a global one");
  expect_malformed("tel:+", "1 to 15 digits");
  expect_malformed("tel:+-", "1 to 15 digits");
  expect_malformed("tel:+0123", "does not begin with 0");
  expect_malformed("tel:+1234567890123456", "1 to 15 digits");
  expect_malformed("tel:+1 201", "at byte 2");
  expect_rejected("tel:+12015550123;ext=5", "parameters");
}

TEST(Identity, Uuids) {
  const std::optional<Domain> home = domain_of("example.com");
  const Name uuid{"example.com", "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"};
  for (const char* const text :
       {"urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
        "URN:UUID:F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6", "F81d4fae-7dec-11d0-a765-00a0c91e6bf6"})
    EXPECT_EQ(must(parse(text, LabelRule::bytes, home)), uuid) << text;
  expect_malformed("urn:uuid:f81d4fae7dec11d0a76500a0c91e6bf6", "not a UUID");
  expect_malformed("urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bfg", "not a UUID");
}

TEST(Identity, WhatNamesNoDomainNeedsADefault) {
  expect_rejected("tel:+12015550123", "no default domain");
  expect_rejected("f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "no default domain");
  // A name alone is no identity, whatever the default.
  const auto alice = Identity::parse("alice", domain_of("example.com"));
  ASSERT_FALSE(alice.has_value());
  EXPECT_EQ(alice.error().code, Errc::malformed);
}

TEST(Identity, RefusesWhatIsOfNoForm) {
  expect_malformed("", "no '@'");
  expect_malformed("alice", "no '@'");
  expect_malformed("@alice", "no ':'");
  expect_malformed("@alice@example.com", "no ':'");
  expect_malformed("@example.com", "no ':'");
  expect_malformed("@:example.com", "the local part is empty");
  expect_malformed("acct:@example.com", "the local part is empty");
  expect_malformed("alice@", "the domain: an empty label");
  expect_malformed("alice@/x", "the domain: an empty label");
  expect_malformed("@alice:example.com:8448", "the domain: ");
  expect_malformed("@alice:[2001:db8::1]", "the domain: ");
  expect_malformed("alice@localhost", "the domain: a single label");
  expect_malformed("acct:example.com", "no '@'");
  expect_malformed("acct:alice@example.com@example.org", "the domain: ");
  expect_malformed("acct:alice@example.com/x", "no path, query or fragment");
  expect_malformed("acct:alice?@example.com", "no path, query or fragment");
  expect_malformed("xmpp:example.com", "no '@'");
  expect_malformed("xmpp:example.com/alice@example.org", "no '@'");
  expect_malformed("xmpp://guest@example.com/alice@example.org", "an authority");
  expect_malformed("mimi:example.com/u/alice", "an authority");
  expect_malformed("mimi://example.com", "no user");
  expect_malformed("mimi://example.com/r/room", "no user");
  expect_malformed("mimi://example.com?/u/alice", "no user");
  expect_malformed("mimi://example.com/u/", "the local part is empty");
  expect_malformed("mimi://example.com/u/alice/phone", "behind the user");
  expect_malformed("mimi://x@example.com/u/alice", "the domain: ");
  expect_malformed(std::string(2049, 'a'), "longer than 2048");
}

// RFC 7622, Section 3.3.1.
TEST(Identity, JidsDoNotHaveEveryCharacter) {
  for (const char* const text :
       {"xmpp:a%22@example.com", "xmpp:a&@example.com", "xmpp:a'@example.com",
        "xmpp:a%2f@example.com", "xmpp:a%3c@example.com", "xmpp:a>@example.com",
        "xmpp:a%40@example.com"})
    expect_malformed(text, "JIDs do not, at byte 1");
}

TEST(Identity, RefusesBrokenPercentEncoding) {
  for (const char* const text : {"acct:al%@example.com", "acct:al%4@example.com",
                                 "acct:al%4g@example.com", "acct:al%%41@example.com"})
    expect_malformed(text, "the local part: a percent-encoding without two digits at byte 2");
  expect_malformed("acct:al%ff@example.com", "the local part: not UTF-8 at byte 2");
  expect_malformed("acct:alice@%80.com", "the domain: not UTF-8 at byte 0");
  expect_rejected("acct:al%00@example.com", "the local part: a code point");
  expect_rejected("acct:al%0a@example.com", "the local part: a code point");
}

TEST(Identity, RefusesBytesThatAreNotText) {
  expect_malformed("al\xffice@example.com", "not UTF-8 at byte 2");
  expect_malformed("alice@example.com/\xff", "not UTF-8 at byte 18");
}

TEST(Identity, LabelsHaveAtMost255Bytes) {
  const std::string domain = "@example.com";
  const std::string longest = std::string(255 - domain.size(), 'a') + domain;
  EXPECT_EQ(must(parse(longest)).label, longest);
  expect_malformed('a' + longest, "longer than 255");
}

TEST(Identity, ErrorsQuoteNothing) {
  for (const char* const text :
       {"s3cret", "s3cret@", "s3cret@s3cret", "s3cret:s3cret@example.com",
        "acct:s3cret%@example.com", "s3 cret@example.com", "s3cret\u200b@example.com",
        "a@s3cret_.example", "tel:+s3cret", "urn:uuid:s3cret", "xmpp:s3cret'@example.com",
        "mimi://s3cret", "@s3cret", "kt:s3cret"}) {
    const auto name = parse(text);
    ASSERT_FALSE(name.has_value()) << text;
    EXPECT_EQ(name.error().detail.find("cret"), std::string::npos) << name.error().detail;
  }
}

}  // namespace
}  // namespace kt::federation
