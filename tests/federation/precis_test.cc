#include "precis.h"

#include <string>

#include <gtest/gtest.h>

#include "bidi_rule.h"
#include "keytrans/hash.h"
#include "must.h"

namespace kt::federation {
namespace {

bool is_valid(StringClass string_class, std::string_view text) {
  return verify_string_class(must(decode_utf8(text)), string_class).has_value();
}

bool is_identifier(std::string_view text) { return is_valid(StringClass::IdentifierClass, text); }

// One letter for each code point but surrogates. The hash is that of derived_property() in the
// Python package precis_i18n 1.1.2 over the tables of Unicode 14.0, which libunistring 1.0 has too.
// Other tables mean other labels: whoever changes the hash has to see what becomes of the old ones.
TEST(Precis, DerivedPropertiesOfUnicode14) {
  constexpr std::string_view kLetters = "PFJODU";  // by enumerator
  std::string letters;
  for (char32_t c = 0; c <= 0x10ffff; ++c) {
    if (c < 0xd800 || c > 0xdfff)
      letters.push_back(kLetters[static_cast<std::size_t>(derived_property(c))]);
  }
  EXPECT_EQ(to_hex(keytrans::sha256(to_bytes(letters))),
            "c4ce3620e3de41a9856d2db793166cf1839d52c6a78b97261b32687692681e00");
}

// Why visible ASCII needs none of the tables: what they say of each of its characters.
TEST(Precis, VisibleAsciiIsPlain) {
  for (char c = '!'; c <= '~'; ++c) {
    const std::string text(1, c);
    EXPECT_TRUE(is_visible_ascii(text));
    EXPECT_EQ(derived_property(static_cast<char32_t>(c)), DerivedProperty::PVALID) << text;
    const CodePoints points = must(decode_utf8(text));
    EXPECT_EQ(encode_utf8(map_width(points)), text);
    EXPECT_EQ(to_lower(text), ascii_lower(text));
    EXPECT_EQ(to_nfc(text), text);
    EXPECT_FALSE(has_right_to_left(points)) << text;
  }
  for (const char* const other : {" ", "a b", "\x7f", "\n", "\u00e4", "\x80"})
    EXPECT_FALSE(is_visible_ascii(other));
}

// RFC 8264, Sections 4.2 and 9.
TEST(Precis, OneOfEachKind) {
  using enum DerivedProperty;
  EXPECT_EQ(derived_property(U'a'), PVALID);
  EXPECT_EQ(derived_property(U'@'), PVALID);        // ASCII7
  EXPECT_EQ(derived_property(0x00df), PVALID);      // Exceptions
  EXPECT_EQ(derived_property(0x0640), DISALLOWED);  // Exceptions
  EXPECT_EQ(derived_property(0x0660), CONTEXTO);    // Exceptions
  EXPECT_EQ(derived_property(0x0378), UNASSIGNED);
  EXPECT_EQ(derived_property(0xffff), DISALLOWED);  // a noncharacter
  EXPECT_EQ(derived_property(0x200d), CONTEXTJ);
  EXPECT_EQ(derived_property(0x1100), DISALLOWED);  // OldHangulJamo
  EXPECT_EQ(derived_property(0x00ad), DISALLOWED);  // PrecisIgnorableProperties
  EXPECT_EQ(derived_property(0x202e), DISALLOWED);  // the override from right to left
  EXPECT_EQ(derived_property(0x0007), DISALLOWED);  // Controls
  EXPECT_EQ(derived_property(0x2163), FREE_PVAL);   // HasCompat
  EXPECT_EQ(derived_property(U' '), FREE_PVAL);     // Spaces
  EXPECT_EQ(derived_property(0x221e), FREE_PVAL);   // Symbols
  EXPECT_EQ(derived_property(0xe000), DISALLOWED);  // private use
}

TEST(Precis, TellsWhere) {
  const auto result =
      verify_string_class(must(decode_utf8("jörg\u221e")), StringClass::IdentifierClass);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, Errc::rejected);
  EXPECT_NE(result.error().detail.find("at byte 5"), std::string::npos) << result.error().detail;
  EXPECT_TRUE(is_valid(StringClass::FreeformClass, "jörg\u221e"));
}

// RFC 5892, Appendix A.1: after a virama, or between letters that it keeps from joining.
TEST(ContextualRules, ZeroWidthNonJoiner) {
  EXPECT_TRUE(is_identifier("क्\u200cष"));
  EXPECT_TRUE(is_identifier("نامه\u200cای"));
  EXPECT_TRUE(is_identifier("ب\u064e\u200c\u064eب"));  // with transparent marks on both sides
  EXPECT_FALSE(is_identifier("\u200c"));
  EXPECT_FALSE(is_identifier("a\u200cb"));
  EXPECT_FALSE(is_identifier("ا\u200cب"));  // an alef joins nothing behind it
  EXPECT_FALSE(is_identifier("ب\u200c"));
  EXPECT_FALSE(is_identifier("\u200cب"));
}

// Appendix A.2.
TEST(ContextualRules, ZeroWidthJoiner) {
  EXPECT_TRUE(is_identifier("क्\u200dष"));
  EXPECT_FALSE(is_identifier("\u200d"));
  EXPECT_FALSE(is_identifier("ب\u200dب"));
}

// Appendix A.3.
TEST(ContextualRules, MiddleDot) {
  EXPECT_TRUE(is_identifier("l·l"));
  for (const char* const text : {"·", "l·", "·l", "a·l", "l·a", "L·L"})
    EXPECT_FALSE(is_identifier(text)) << text;
}

// Appendices A.4, A.5 and A.6.
TEST(ContextualRules, GreekAndHebrewSigns) {
  EXPECT_TRUE(is_identifier("\u0375α"));
  EXPECT_FALSE(is_identifier("\u0375"));
  EXPECT_FALSE(is_identifier("α\u0375"));
  for (const char* const sign : {"\u05f3", "\u05f4"}) {
    EXPECT_TRUE(is_identifier(std::string("א") + sign));
    EXPECT_FALSE(is_identifier(sign));
    EXPECT_FALSE(is_identifier(std::string(sign) + "א"));
  }
}

// Appendix A.7.
TEST(ContextualRules, KatakanaMiddleDot) {
  for (const char* const text : {"・カ", "か・", "漢・"}) EXPECT_TRUE(is_identifier(text)) << text;
  EXPECT_FALSE(is_identifier("・"));
  EXPECT_FALSE(is_identifier("a・b"));
}

// Appendices A.8 and A.9.
TEST(ContextualRules, ArabicDigits) {
  EXPECT_TRUE(is_identifier("\u0660\u0669"));
  EXPECT_TRUE(is_identifier("\u06f0\u06f9"));
  EXPECT_FALSE(is_identifier("\u0660a\u06f9"));
  EXPECT_FALSE(is_identifier("\u06f0\u0669"));
}

}  // namespace
}  // namespace kt::federation
