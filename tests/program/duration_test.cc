#include "program/duration.h"

#include <gtest/gtest.h>

namespace kt::program {
namespace {

TEST(Duration, EachUnit) {
  EXPECT_EQ(parse_duration("500ms"), 500U);
  EXPECT_EQ(parse_duration("30s"), 30'000U);
  EXPECT_EQ(parse_duration("10m"), 600'000U);
  EXPECT_EQ(parse_duration("24h"), 86'400'000U);
  EXPECT_EQ(parse_duration("90d"), 7'776'000'000U);
}

TEST(Duration, RefusesWhatIsNone) {
  for (const char* const text : {"", "h", "24", "24 h", " 24h", "-1h", "1.5h", "24H", "1hm", "+1h",
                                 "213503982335d", "18446744073709551616ms"})
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  EXPECT_EQ(parse_duration("18446744073709551615ms"), 18446744073709551615U);
}

TEST(Duration, IsWrittenInTheGreatestUnitThatFits) {
  for (const char* const text : {"500ms", "30s", "90m", "25h", "90d"})
    EXPECT_EQ(format_duration(parse_duration(text).value()), text);
  EXPECT_EQ(format_duration(0), "0s");
  EXPECT_EQ(format_duration(60'000), "1m");
}

}  // namespace
}  // namespace kt::program
