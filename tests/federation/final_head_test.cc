#include "federation/final_head.h"

#include <gtest/gtest.h>

#include "must.h"
#include "names.h"

namespace kt::federation {
namespace {

TEST(FinalHead, RoundTrips) {
  const FinalHead head{TreeSize{0x0102030405060708}, log_of(0xab).hash()};
  const Bytes bytes = must(head.encode());
  EXPECT_EQ(to_hex(bytes), "0102030405060708" + log_of(0xab).hex() + "00");
  EXPECT_EQ(must(FinalHead::decode(bytes)), head);
  EXPECT_EQ(kt::text_of(final_head_label(log_of(0xab))), "kt:final-head:" + log_of(0xab).hex());
}

TEST(FinalHead, SaysWhetherTheLogIsCompromised) {
  const FinalHead head{TreeSize{7}, log_of(1).hash(), true};
  Bytes bytes = must(head.encode());
  EXPECT_EQ(bytes.back(), 1);
  EXPECT_EQ(must(FinalHead::decode(bytes)), head);
  // No other octet is one or the other.
  bytes.back() = 2;
  EXPECT_EQ(FinalHead::decode(bytes).error().code, Errc::malformed);
}

TEST(FinalHead, HasOneSize) {
  Bytes bytes = must(FinalHead{TreeSize{1}, log_of(1).hash()}.encode());
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_EQ(FinalHead::decode(ByteView(bytes).first(size)).error().code, Errc::malformed);
  bytes.push_back(0);
  EXPECT_EQ(FinalHead::decode(bytes).error().code, Errc::malformed);
}

}  // namespace
}  // namespace kt::federation
