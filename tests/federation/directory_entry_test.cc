#include "federation/directory_entry.h"

#include <gtest/gtest.h>

#include "federation/reserved.h"
#include "names.h"

namespace kt::federation {
namespace {

TEST(DirectoryEntry, RoundTrips) {
  DirectoryEntry entry{Epoch{0x0102030405060708}, {}};
  entry.hash.fill(0xab);
  const Bytes encoded = must(entry.encode());
  EXPECT_EQ(to_hex(encoded), "0102030405060708" + to_hex(entry.hash));
  EXPECT_EQ(must(DirectoryEntry::decode(encoded)), entry);
}

TEST(DirectoryEntry, HasOneSize) {
  Bytes encoded = must(DirectoryEntry{Epoch{1}, {}}.encode());
  encoded.push_back(0);
  EXPECT_EQ(DirectoryEntry::decode(encoded).error().code, Errc::malformed);
  for (std::size_t size = 0; size < 40; ++size)
    EXPECT_FALSE(DirectoryEntry::decode(ByteView(encoded).first(size)).has_value()) << size;
}

TEST(DirectoryEntry, EpochsBeginWithOne) {
  EXPECT_EQ(DirectoryEntry{}.encode().error().code, Errc::malformed);
  EXPECT_EQ(DirectoryEntry::decode(Bytes(40, 0)).error().code, Errc::malformed);
}

TEST(DirectoryEntry, TheLabelIsReserved) { EXPECT_TRUE(is_reserved(label_of(kDirectoryLabel))); }

}  // namespace
}  // namespace kt::federation
