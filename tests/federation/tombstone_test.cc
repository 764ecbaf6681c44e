#include "federation/tombstone.h"

#include <gtest/gtest.h>

#include "must.h"

namespace kt::federation {
namespace {

LogId log_of(std::uint8_t byte) {
  HashValue hash{};
  hash.fill(byte);
  return LogId(hash);
}

TEST(Tombstone, RoundTrips) {
  const Tombstone tombstone{log_of(0xab).hash(), 0x0102030405060708};
  const Bytes encoded = must(tombstone.encode());
  EXPECT_EQ(to_hex(encoded),
            "6b74676174652d746f6d6273746f6e65" + log_of(0xab).hex() + "0102030405060708");
  EXPECT_EQ(must(Tombstone::decode(encoded)), tombstone);
}

TEST(Tombstone, HasOneSizeAndItsMagic) {
  Bytes encoded = must(Tombstone{log_of(1).hash(), 1}.encode());
  for (std::size_t size = 0; size < encoded.size(); ++size)
    EXPECT_EQ(Tombstone::decode(ByteView(encoded).first(size)).error().code, Errc::malformed);
  for (std::size_t i = 0; i < 16; ++i) {
    Bytes other = encoded;
    other[i] ^= 1;
    EXPECT_EQ(Tombstone::decode(other).error().code, Errc::malformed) << i;
  }
  encoded.push_back(0);
  EXPECT_EQ(Tombstone::decode(encoded).error().code, Errc::malformed);
}

TEST(Tombstone, IsFollowedToTheSuccessorAlone) {
  const Bytes encoded = must(Tombstone{log_of(1).hash(), 7}.encode());
  EXPECT_TRUE(must(has_moved(encoded, log_of(1))));
  EXPECT_EQ(has_moved(encoded, log_of(2)).error().code, Errc::verification_failed);
  EXPECT_FALSE(must(has_moved(to_bytes(std::string_view("a key")), log_of(1))));
  EXPECT_FALSE(must(has_moved({}, log_of(1))));
  // What begins like one and is none is nobody's value.
  EXPECT_EQ(has_moved(ByteView(encoded).first(40), log_of(1)).error().code,
            Errc::verification_failed);
}

}  // namespace
}  // namespace kt::federation
