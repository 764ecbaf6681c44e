#include "program/figures.h"

#include <gtest/gtest.h>

namespace kt::program {
namespace {

TEST(Figures, SizesOfEachUnit) {
  EXPECT_EQ(parse_size("64KiB"), 65'536U);
  EXPECT_EQ(parse_size("1MiB"), 1'048'576U);
  EXPECT_EQ(parse_size("3GiB"), 3'221'225'472U);
  EXPECT_EQ(parse_size("17179869183GiB"), 18446744072635809792U);
}

TEST(Figures, RefusesWhatIsNoSize) {
  for (const char* const text : {"", "KiB", "64", "64 KiB", "64kib", "64KB", "-1KiB", "1.5MiB",
                                 "17179869184GiB", "18446744073709551616KiB"})
    EXPECT_EQ(parse_size(text), std::nullopt) << text;
}

TEST(Figures, ASizeIsWrittenInTheGreatestUnitThatFits) {
  for (const char* const text : {"64KiB", "1MiB", "1025KiB", "3GiB"})
    EXPECT_EQ(format_size(parse_size(text).value()), text);
  EXPECT_EQ(format_size(1023), "1023");
  EXPECT_EQ(format_size(1025), "1025");
  EXPECT_EQ(format_size(0), "0");
}

}  // namespace
}  // namespace kt::program
