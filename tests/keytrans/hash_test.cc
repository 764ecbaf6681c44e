#include "keytrans/hash.h"

#include <array>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace kt::keytrans {
namespace {

// FIPS 180-4 as exercised by NIST's published examples.
TEST(Sha256, KnownAnswers) {
  EXPECT_EQ(to_hex(sha256(ByteView())),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(to_hex(sha256(to_bytes("abc"))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(sha256(to_bytes("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"))),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(to_hex(sha256(Bytes(1'000'000, 'a'))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, PiecesAreHashedAsOneInput) {
  const Bytes input = to_bytes("a tree node is hashed in pieces");
  const ByteView view(input);
  for (std::size_t cut = 0; cut <= input.size(); ++cut) {
    EXPECT_EQ(sha256({view.first(cut), view.subspan(cut)}), sha256(input));
    EXPECT_EQ(Sha256().update(view.first(cut)).update(view.subspan(cut)).finish(), sha256(input));
  }
  EXPECT_EQ(sha256({ByteView(), view, ByteView()}), sha256(input));
}

TEST(Sha256, FinishBeginsANewInput) {
  Sha256 hasher;
  EXPECT_EQ(hasher.update(to_bytes("abc")).finish(), sha256(to_bytes("abc")));
  EXPECT_EQ(hasher.finish(), sha256(ByteView()));
  EXPECT_EQ(hasher.update(to_bytes("x")).finish(), sha256(to_bytes("x")));
}

TEST(Sha256, AHashInProgressIsIndependentOfOthers) {
  Sha256 hasher;
  hasher.update(to_bytes("ab"));
  static_cast<void>(sha256(to_bytes("other")));
  Sha256 moved = std::move(hasher);
  EXPECT_EQ(moved.update(to_bytes("c")).finish(), sha256(to_bytes("abc")));
}

TEST(Sha256, ThreadsDoNotDisturbEachOther) {
  const Bytes input(100, 7);
  const HashValue expected = sha256(input);
  std::array<bool, 4> right{};
  std::vector<std::thread> threads;
  for (bool& result : right) {
    threads.emplace_back([&input, &expected, &result] {
      result = true;
      for (int i = 0; i < 1000; ++i) result = result && sha256(input) == expected;
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const bool result : right) EXPECT_TRUE(result);
}

struct HmacCase {
  Bytes key;
  Bytes data;
  std::string_view mac;  // in case 5 cut to 128 bits by the RFC
};

Bytes hex(std::string_view text) { return from_hex(text).value(); }

std::vector<HmacCase> rfc4231_cases() {
  return {
      {Bytes(20, 0x0b), to_bytes("Hi There"),
       "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
      {to_bytes("Jefe"), to_bytes("what do ya want for nothing?"),
       "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
      {Bytes(20, 0xaa), Bytes(50, 0xdd),
       "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
      {hex("0102030405060708090a0b0c0d0e0f10111213141516171819"), Bytes(50, 0xcd),
       "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
      {Bytes(20, 0x0c), to_bytes("Test With Truncation"), "a3b6167473100ee06e0c796c2955552b"},
      {Bytes(131, 0xaa), to_bytes("Test Using Larger Than Block-Size Key - Hash Key First"),
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
      {Bytes(131, 0xaa),
       to_bytes("This is a test using a larger than block-size key and a larger than block-size "
                "data. The key needs to be hashed before being used by the HMAC algorithm."),
       "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
  };
}

TEST(HmacSha256, Rfc4231) {
  for (const HmacCase& test : rfc4231_cases()) {
    EXPECT_EQ(to_hex(hmac_sha256(test.key, test.data)).substr(0, test.mac.size()), test.mac);
  }
}

TEST(HmacSha256, PiecesAreHashedAsOneInput) {
  const Bytes key = to_bytes("key");
  const Bytes input = to_bytes("data in pieces");
  const ByteView view(input);
  for (std::size_t cut = 0; cut <= input.size(); ++cut) {
    EXPECT_EQ(hmac_sha256(key, {view.first(cut), view.subspan(cut)}), hmac_sha256(key, input));
  }
}

// RFC 2104: keys up to the block size are used as they are, longer ones are hashed first.
TEST(HmacSha256, KeysAroundTheBlockSize) {
  const Bytes data = to_bytes("data");
  EXPECT_EQ(hmac_sha256(Bytes(65, 1), data), hmac_sha256(sha256(Bytes(65, 1)), data));
  EXPECT_NE(hmac_sha256(Bytes(64, 1), data), hmac_sha256(sha256(Bytes(64, 1)), data));
  EXPECT_EQ(hmac_sha256(ByteView(), data), hmac_sha256(Bytes(64, 0), data));
}

}  // namespace
}  // namespace kt::keytrans
