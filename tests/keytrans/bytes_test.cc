#include "keytrans/bytes.h"

#include <gtest/gtest.h>

namespace kt {
namespace {

TEST(Bytes, HexRoundTrip) {
  const Bytes bytes{0x00, 0x7f, 0x80, 0xff};
  EXPECT_EQ(to_hex(bytes), "007f80ff");
  EXPECT_EQ(from_hex("007F80ff"), bytes);
}

TEST(Bytes, RefusesWhatIsNotHex) {
  EXPECT_EQ(from_hex("0"), std::nullopt);
  EXPECT_EQ(from_hex("0g"), std::nullopt);
  EXPECT_EQ(from_hex(" 0"), std::nullopt);
}

}  // namespace
}  // namespace kt
