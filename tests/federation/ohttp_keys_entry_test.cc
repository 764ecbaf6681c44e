#include "federation/ohttp_keys_entry.h"

#include <gtest/gtest.h>

#include "keytrans/hash.h"
#include "must.h"

namespace kt::federation {
namespace {

// One byte that counts, and a hash after the other.
TEST(OhttpKeysEntry, WorkedExample) {
  const Bytes one = to_bytes("one");
  const Bytes two = to_bytes("two");
  const OhttpKeysEntry entry{{keytrans::sha256(one), keytrans::sha256(two)}};
  const Bytes encoded = must(entry.encode());
  EXPECT_EQ(to_hex(encoded), "02" + to_hex(keytrans::sha256(one)) + to_hex(keytrans::sha256(two)));
  EXPECT_EQ(must(OhttpKeysEntry::decode(encoded)), entry);
  EXPECT_TRUE(entry.has(one));
  EXPECT_TRUE(entry.has(two));
  EXPECT_FALSE(entry.has(to_bytes("three")));
  EXPECT_FALSE(entry.has({}));
}

TEST(OhttpKeysEntry, WhatIsNoneIsRefused) {
  const Bytes encoded = must(OhttpKeysEntry{{HashValue{}, HashValue{}}}.encode());
  for (std::size_t size = 0; size < encoded.size(); ++size)
    EXPECT_EQ(OhttpKeysEntry::decode(ByteView(encoded).first(size)).error().code, Errc::malformed);
  Bytes longer = encoded;
  longer.push_back(0);
  EXPECT_FALSE(OhttpKeysEntry::decode(longer));
  EXPECT_FALSE(OhttpKeysEntry::decode(Bytes{0}));
  Bytes nine = must(OhttpKeysEntry{std::vector<HashValue>(8)}.encode());
  EXPECT_TRUE(OhttpKeysEntry::decode(nine));
  nine[0] = 9;
  nine.resize(nine.size() + 32);
  EXPECT_FALSE(OhttpKeysEntry::decode(nine));
  EXPECT_FALSE(OhttpKeysEntry{}.encode());
  EXPECT_FALSE((OhttpKeysEntry{std::vector<HashValue>(9)}.encode()));
}

}  // namespace
}  // namespace kt::federation
