#include "bidi_rule.h"

#include <gtest/gtest.h>

#include "must.h"

namespace kt::federation {
namespace {

bool obeys(std::string_view text) { return obeys_bidi_rule(must(decode_utf8(text))); }

// RFC 5893, Section 2, by condition.
TEST(BidiRule, EachCondition) {
  EXPECT_FALSE(obeys("1א"));        // 1: begins with neither direction
  EXPECT_FALSE(obeys("\u0660א"));   // 1: an Arabic number is no letter
  EXPECT_FALSE(obeys("\u0301a"));   // 1
  EXPECT_TRUE(obeys("א1-+,.'ב"));   // 2
  EXPECT_FALSE(obeys("אaב"));       // 2
  EXPECT_TRUE(obeys("אב\u05b0"));   // 3: marks may follow
  EXPECT_TRUE(obeys("א1"));         // 3
  EXPECT_TRUE(obeys("ا\u0661"));    // 3
  EXPECT_FALSE(obeys("אב-"));       // 3
  EXPECT_FALSE(obeys("ا1\u0661"));  // 4
  EXPECT_TRUE(obeys("a1-+,.'b"));   // 5
  EXPECT_FALSE(obeys("aאb"));       // 5
  EXPECT_FALSE(obeys("a\u0661b"));  // 5
  EXPECT_TRUE(obeys("ab1\u0301"));  // 6
  EXPECT_FALSE(obeys("ab-"));       // 6
}

TEST(BidiRule, HoldsForTextsWithRightToLeftOnly) {
  EXPECT_TRUE(verify_bidi_rule("1ab-").has_value());
  const auto result = verify_bidi_rule("1א");
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, Errc::rejected);
}

}  // namespace
}  // namespace kt::federation
