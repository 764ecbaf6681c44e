#include "keytrans/hkdf.h"

#include <string>

#include <gtest/gtest.h>

namespace kt::keytrans {
namespace {

Bytes hex(std::string_view text) { return from_hex(text).value(); }

// RFC 5869, appendix A.1: two blocks, of which the second is cut.
TEST(Hkdf, Rfc5869TestCase1) {
  const Bytes ikm(22, 0x0b);
  const SecretBytes key = hkdf_extract(HkdfHash::SHA256, hex("000102030405060708090a0b0c"), {ikm});
  EXPECT_EQ(to_hex(key.view()), "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5");
  EXPECT_EQ(
      to_hex(hkdf_expand(HkdfHash::SHA256, key.view(), {hex("f0f1f2f3f4f5f6f7f8f9")}, 42).view()),
      "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
}

TEST(Hkdf, PiecesAreOneInput) {
  const Bytes whole = hex("010203040506");
  const ByteView view(whole);
  for (const HkdfHash hash : {HkdfHash::SHA256, HkdfHash::SHA512}) {
    const SecretBytes key = hkdf_extract(hash, {}, {whole});
    EXPECT_EQ(key.size(), hkdf_hash_size(hash));
    EXPECT_TRUE(key.equal(
        hkdf_extract(hash, {}, {view.first(1), {}, view.subspan(1, 3), view.subspan(4)}).view()));
    const SecretBytes long_one = hkdf_expand(hash, key.view(), {whole}, 200);
    EXPECT_TRUE(long_one.equal(
        hkdf_expand(hash, key.view(), {view.first(5), view.subspan(5)}, 200).view()));
    EXPECT_TRUE(
        equal(hkdf_expand(hash, key.view(), {whole}, 16).view(), long_one.view().first(16)));
  }
}

}  // namespace
}  // namespace kt::keytrans
