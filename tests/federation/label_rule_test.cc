#include "federation/label_rule.h"

#include <string>

#include <gtest/gtest.h>

#include "must.h"

namespace kt::federation {
namespace {

constexpr LabelRule kRules[] = {LabelRule::bytes, LabelRule::ascii_lower,
                                LabelRule::username_case_mapped};

TEST(LabelRule, Names) {
  EXPECT_EQ(to_string(LabelRule::bytes), "bytes");
  EXPECT_EQ(to_string(LabelRule::ascii_lower), "ascii-lower");
  EXPECT_EQ(to_string(LabelRule::username_case_mapped), "UsernameCaseMapped");
  for (const LabelRule rule : kRules) EXPECT_EQ(must(parse_label_rule(to_string(rule))), rule);
  for (const char* const text : {"", "Bytes", "ascii_lower", "bytes "})
    EXPECT_FALSE(parse_label_rule(text).has_value()) << text;
}

std::string mapped(LabelRule rule, std::string_view text) {
  return must(canonical_local_part(rule, text));
}

std::string username(std::string_view text) {
  return mapped(LabelRule::username_case_mapped, text);
}

// Expects `text` to be refused for a reason with `about` in it.
void expect_refused(LabelRule rule, std::string_view text, std::string_view about) {
  const auto result = canonical_local_part(rule, text);
  ASSERT_FALSE(result.has_value()) << text;
  EXPECT_EQ(result.error().code, Errc::rejected) << text;
  EXPECT_NE(result.error().detail.find(about), std::string::npos)
      << text << ": " << result.error().detail;
}

void expect_refused_by_all(std::string_view text, std::string_view about) {
  for (const LabelRule rule : kRules) expect_refused(rule, text, about);
}

TEST(LabelRule, BytesStayAsTheyAre) {
  for (const char* const text :
       {"alice", "Alice", "o'neil+x", "Jörg", "ΑΣ", "Ⅳ", "♥", "a@b", "a/b"})
    EXPECT_EQ(mapped(LabelRule::bytes, text), text);
}

TEST(LabelRule, AsciiLowerMapsAsciiOnly) {
  EXPECT_EQ(mapped(LabelRule::ascii_lower, "ALICE.Zz+[@`{"), "alice.zz+[@`{");
  EXPECT_EQ(mapped(LabelRule::ascii_lower, "JÖRG"), "jÖrg");
}

// RFC 8265, Section 3.5, Table 1.
TEST(UsernameCaseMapped, LegalStringsOfRfc8265) {
  EXPECT_EQ(username("juliet@example.com"), "juliet@example.com");
  EXPECT_EQ(username("fussball"), "fussball");
  EXPECT_EQ(username("fu\u00dfball"), "fu\u00dfball");
  EXPECT_EQ(username("\u03c0"), "\u03c0");
  EXPECT_EQ(username("\u03a3"), "\u03c3");
  EXPECT_EQ(username("\u03c3"), "\u03c3");
  EXPECT_EQ(username("\u03c2"), "\u03c2");
}

// RFC 8265, Section 3.5, Table 2.
TEST(UsernameCaseMapped, IllegalStringsOfRfc8265) {
  expect_refused(LabelRule::username_case_mapped, "foo bar", "at byte 3");
  EXPECT_FALSE(canonical_local_part(LabelRule::username_case_mapped, "").has_value());
  expect_refused(LabelRule::username_case_mapped, "henry\u2163", "at byte 5");
  expect_refused(LabelRule::username_case_mapped, "\u221e", "at byte 0");
}

// As the Python package precis_i18n 1.1.2 maps them.
TEST(UsernameCaseMapped, MapsWidthCaseAndForm) {
  EXPECT_EQ(username("\uff21\uff4c\uff49\uff43\uff45"), "alice");
  EXPECT_EQ(username("\uff71"), "\u30a2");
  EXPECT_EQ(username("\uff76\uff9e"), "\u30ac");
  EXPECT_EQ(username("E\u0301"), "\u00e9");
  EXPECT_EQ(username("\u00c9"), "\u00e9");
  EXPECT_EQ(username("\u0391\u03a3"), "\u03b1\u03c2");  // a sigma at the end of a word
  EXPECT_EQ(username("\u0391\u03a3\u0391"), "\u03b1\u03c3\u03b1");
  EXPECT_EQ(username("\u0130"), "i\u0307");
  EXPECT_EQ(username("\u1e9e"), "\u00df");
  EXPECT_EQ(username("\u13a0"), "\uab70");
  EXPECT_EQ(username("\u1c90"), "\u10d0");
  EXPECT_EQ(username("H\u0331"), "\u1e96");
}

TEST(UsernameCaseMapped, OffsetsCountInWhatWasGiven) {
  expect_refused(LabelRule::username_case_mapped, "\uff21\uff22\u221e", "at byte 6");
}

TEST(LabelRule, RefusesWhatNobodyCanSee) {
  expect_refused_by_all("a\u202eb\u202c", "at byte 1");  // override from right to left
  expect_refused_by_all("a\u200bb", "at byte 1");        // space without width
  expect_refused_by_all("a\u00adb", "at byte 1");        // soft hyphen
  expect_refused_by_all("\ufeffa", "at byte 0");         // byte order mark
  expect_refused_by_all("a\ufe0f", "at byte 1");         // variation selector
  expect_refused_by_all("a\U000e0041", "at byte 1");     // tag
  expect_refused_by_all(std::string("a\0b", 3), "at byte 1");
  expect_refused_by_all("a\nb", "at byte 1");
  expect_refused_by_all("a\x7f", "at byte 1");
  expect_refused_by_all("a\u0085", "at byte 1");
  expect_refused_by_all("a\u2028", "at byte 1");
  for (const char* const space : {" ", "\u00a0", "\u2003", "\u3000"})
    expect_refused_by_all(std::string("a") + space, "at byte 1");
}

TEST(LabelRule, RefusesWhatMayBecomeSomethingElse) {
  expect_refused_by_all("a\u0378", "at byte 1");      // not assigned
  expect_refused_by_all("a\ue000", "at byte 1");      // private use
  expect_refused_by_all("a\ufdd0", "at byte 1");      // noncharacter
  expect_refused_by_all("a\U0010ffff", "at byte 1");  // noncharacter
}

TEST(LabelRule, RefusesWhatIsNotInFormC) {
  for (const LabelRule rule : {LabelRule::bytes, LabelRule::ascii_lower}) {
    expect_refused(rule, "jo\u0308rg", "Form C from byte 1");
    expect_refused(rule, "a\u212b", "Form C from byte 1");
    expect_refused(rule, "a\u0301\u0300\u0323", "Form C");
  }
  // In Form C only before it is mapped.
  EXPECT_EQ(mapped(LabelRule::bytes, "H\u0331"), "H\u0331");
  expect_refused(LabelRule::ascii_lower, "H\u0331", "Form C from byte 0");
}

TEST(LabelRule, RefusesDirectionsThatMix) {
  for (const LabelRule rule : kRules) EXPECT_EQ(mapped(rule, "אב1"), "אב1");
  expect_refused_by_all("אבa", "the Bidi Rule");
  expect_refused_by_all("1אב", "the Bidi Rule");
}

TEST(LabelRule, RefusesBytesThatAreNotText) {
  for (const LabelRule rule : kRules) {
    for (const char* const text :
         {"", "a\xff", "a\xc0\x80", "a\xed\xa0\x80", "a\xf4\x90\x80\x80", "a\xc3"}) {
      const auto result = canonical_local_part(rule, text);
      ASSERT_FALSE(result.has_value());
      EXPECT_EQ(result.error().code, Errc::malformed);
    }
  }
}

}  // namespace
}  // namespace kt::federation
