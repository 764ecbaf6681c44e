#include "federation/alias.h"

#include <string>

#include <gtest/gtest.h>

namespace kt::federation {
namespace {

TEST(Alias, LettersDigitsAndHyphens) {
  for (const std::string& text : {std::string("a"), std::string("2-two"), std::string("-"),
                                  std::string(64, 'g'), std::string(63, 'a')})
    EXPECT_TRUE(is_alias(text)) << text;
  for (const char* const text : {"", "A", "a_b", "a b", "a.b", "ä"})
    EXPECT_FALSE(is_alias(text)) << text;
  EXPECT_FALSE(is_alias(std::string(65, 'g')));
}

TEST(Alias, IsNoLogId) { EXPECT_FALSE(is_alias(std::string(64, 'a'))); }

}  // namespace
}  // namespace kt::federation
