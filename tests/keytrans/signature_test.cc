#include "keytrans/signature.h"

#include <array>
#include <string_view>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <openssl/err.h>

#include "bad_keys.h"
#include "keytrans/vrf.h"
#include "suites.h"

namespace kt::keytrans {
namespace {

constexpr std::size_t kHalf = 32;

// q, the order of P-256, and L, that of Ed25519's base point, as signatures encode them.
constexpr std::string_view kP256Order =
    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
constexpr std::string_view kEd25519Order =
    "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";

Bytes hex(std::string_view text) { return from_hex(text).value(); }

Bytes concatenate(const Bytes& a, const Bytes& b) {
  Bytes both = a;
  both.insert(both.end(), b.begin(), b.end());
  return both;
}

// a + b modulo 2^256, little-endian.
Bytes add_little_endian(Bytes a, const Bytes& b) {
  unsigned carry = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    carry += a[i] + b[i];
    a[i] = static_cast<std::uint8_t>(carry);
    carry >>= 8;
  }
  return a;
}

Errc verify_error(const VerifyingKey& key, ByteView message, ByteView signature) {
  const auto result = key.verify(message, signature);
  EXPECT_FALSE(result.has_value());
  return result ? Errc::corrupt : result.error().code;
}

Errc parse_error(CipherSuite suite, ByteView public_key) {
  const auto result = VerifyingKey::parse(suite, public_key);
  EXPECT_FALSE(result.has_value()) << to_hex(public_key);
  return result ? Errc::corrupt : result.error().code;
}

// A signing key given by its secret: both kinds of private key have the same PEM form.
SigningKey signing_key(CipherSuite suite, ByteView secret) {
  const auto pem = VrfPrivateKey::from_secret(suite, secret).value().to_pem().value();
  return SigningKey::from_pem(suite, pem.text()).value();
}

class Signature : public ::testing::TestWithParam<CipherSuite> {
 protected:
  const SigningKey signer = SigningKey::generate(GetParam()).value();
  const VerifyingKey verifier = VerifyingKey::parse(GetParam(), signer.public_key()).value();
  const Bytes message = to_bytes("a tree head");
  const Bytes signature = signer.sign(message).value();
};

INSTANTIATE_TEST_SUITE_P(, Signature, ::testing::Values(kP256Suite, kEd25519Suite), suite_name);

TEST_P(Signature, Verifies) {
  EXPECT_EQ(signature.size(), kSignatureSize);
  EXPECT_TRUE(verifier.verify(message, signature));
  const Bytes of_nothing = signer.sign({}).value();
  EXPECT_TRUE(verifier.verify({}, of_nothing));
  EXPECT_EQ(signer.suite(), GetParam());
  EXPECT_EQ(verifier.suite(), GetParam());
}

TEST_P(Signature, EveryFlippedBitIsRefused) {
  for (std::size_t bit = 0; bit < 8 * signature.size(); ++bit) {
    Bytes flipped = signature;
    flipped[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    EXPECT_EQ(verify_error(verifier, message, flipped), Errc::verification_failed) << bit;
  }
}

TEST_P(Signature, EveryFlippedBitOfTheMessageIsRefused) {
  for (std::size_t bit = 0; bit < 8 * message.size(); ++bit) {
    Bytes flipped = message;
    flipped[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    EXPECT_EQ(verify_error(verifier, flipped, signature), Errc::verification_failed) << bit;
  }
}

TEST_P(Signature, EveryFlippedBitOfTheKeyIsRefused) {
  for (std::size_t bit = 0; bit < 8 * signer.public_key().size(); ++bit) {
    Bytes flipped = signer.public_key();
    flipped[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    const auto key = VerifyingKey::parse(GetParam(), flipped);
    EXPECT_FALSE(key && key->verify(message, signature)) << bit;
  }
}

TEST_P(Signature, OtherSizesAreMalformed) {
  for (std::size_t size = 0; size < signature.size(); ++size) {
    EXPECT_EQ(verify_error(verifier, message, ByteView(signature).first(size)), Errc::malformed);
  }
  EXPECT_EQ(verify_error(verifier, message, concatenate(signature, {0})), Errc::malformed);
}

TEST_P(Signature, KeysOfOtherSizesAreMalformed) {
  const Bytes& key = signer.public_key();
  for (std::size_t size = 0; size < key.size(); ++size) {
    EXPECT_EQ(parse_error(GetParam(), ByteView(key).first(size)), Errc::malformed);
  }
  EXPECT_EQ(parse_error(GetParam(), concatenate(key, {0})), Errc::malformed);
  EXPECT_EQ(parse_error(other_suite(GetParam()), key), Errc::malformed);
}

TEST_P(Signature, AnotherKeyIsRefused) {
  const auto other = SigningKey::generate(GetParam()).value();
  ASSERT_NE(other.public_key(), signer.public_key());
  const auto other_verifier = VerifyingKey::parse(GetParam(), other.public_key()).value();
  EXPECT_EQ(verify_error(other_verifier, message, signature), Errc::verification_failed);
}

TEST_P(Signature, PemRoundTrip) {
  const auto pem = signer.to_pem().value();
  EXPECT_TRUE(pem.text().starts_with("-----BEGIN PRIVATE KEY-----\n"));
  const auto read = SigningKey::from_pem(GetParam(), pem.text()).value();
  EXPECT_EQ(read.public_key(), signer.public_key());
  EXPECT_TRUE(verifier.verify(message, read.sign(message).value()));
  EXPECT_TRUE(read.to_pem().value().equal(pem.view()));
}

TEST_P(Signature, PemOfTheOtherSuiteIsRefused) {
  const auto pem = signer.to_pem().value();
  const auto read = SigningKey::from_pem(other_suite(GetParam()), pem.text());
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Errc::malformed);
}

TEST_P(Signature, BadPemIsRefused) {
  for (const BadKey& bad : kBadKeys) {
    const auto key = SigningKey::from_pem(GetParam(), bad.pem);
    ASSERT_FALSE(key) << bad.what;
    EXPECT_EQ(key.error().code, Errc::malformed) << bad.what;
  }
}

TEST_P(Signature, FailuresLeaveNothingInOpenSslsErrorQueue) {
  EXPECT_FALSE(verifier.verify(message, Bytes(kSignatureSize, 0)));
  EXPECT_FALSE(VerifyingKey::parse(GetParam(), Bytes(signer.public_key().size(), 4)));
  EXPECT_FALSE(SigningKey::from_pem(GetParam(), "-----BEGIN PRIVATE KEY-----\n"));
  EXPECT_EQ(ERR_peek_error(), 0U);
}

TEST_P(Signature, KeysServeSeveralThreads) {
  std::array<bool, 4> right{};
  std::vector<std::thread> threads;
  for (bool& result : right) {
    threads.emplace_back([this, &result] {
      result = true;
      for (int i = 0; i < 20; ++i) {
        const auto fresh = signer.sign(message);
        result = result && fresh && verifier.verify(message, *fresh);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const bool result : right) EXPECT_TRUE(result);
}

// RFC 6979, A.2.5: P-256 with SHA-256, message "sample".
TEST(SignatureP256, KnownAnswer) {
  const Bytes secret = hex("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721");
  const Bytes public_key =
      hex("0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
          "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299");
  EXPECT_EQ(signing_key(kP256Suite, secret).public_key(), public_key);
  const auto verifier = VerifyingKey::parse(kP256Suite, public_key).value();
  EXPECT_TRUE(verifier.verify(
      to_bytes("sample"), hex("efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
                              "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8")));
}

TEST(SignatureP256, OnlyUncompressedPointsOfTheCurve) {
  const auto signer = SigningKey::generate(kP256Suite).value();
  const Bytes& key = signer.public_key();
  for (unsigned form = 0; form < 256; ++form) {
    Bytes bytes = key;
    bytes[0] = static_cast<std::uint8_t>(form);
    EXPECT_EQ(VerifyingKey::parse(kP256Suite, bytes).has_value(), form == 0x04) << form;
  }
  Bytes compressed(key.begin(), key.begin() + 33);
  compressed[0] = static_cast<std::uint8_t>(0x02 | (key.back() & 1));
  EXPECT_EQ(parse_error(kP256Suite, compressed), Errc::malformed);
  EXPECT_EQ(parse_error(kP256Suite, Bytes{0}), Errc::malformed);  // infinity
  EXPECT_EQ(parse_error(kP256Suite, Bytes(65, 0)), Errc::malformed);
  Bytes off_curve = key;
  off_curve.back() ^= 1;
  EXPECT_EQ(parse_error(kP256Suite, off_curve), Errc::malformed);
}

// The curve has a point with x = 5. The same point with x = p + 5 is refused.
TEST(SignatureP256, CoordinatesAreBelowP) {
  const Bytes y = hex("459243b9aa581806fe913bce99817ade11ca503c64d9a3c533415c083248fbcc");
  Bytes x(32, 0);
  x.back() = 5;
  EXPECT_TRUE(VerifyingKey::parse(kP256Suite, concatenate(concatenate({4}, x), y)));
  const Bytes x_plus_p = hex("ffffffff00000001000000000000000000000001000000000000000000000004");
  EXPECT_EQ(parse_error(kP256Suite, concatenate(concatenate({4}, x_plus_p), y)), Errc::malformed);
}

TEST(SignatureP256, RAndSOutOfRangeAreRefused) {
  const auto signer = SigningKey::generate(kP256Suite).value();
  const auto verifier = VerifyingKey::parse(kP256Suite, signer.public_key()).value();
  const Bytes message = to_bytes("message");
  const Bytes signature = signer.sign(message).value();
  const Bytes r(signature.begin(), signature.begin() + kHalf);
  const Bytes s(signature.begin() + kHalf, signature.end());
  for (const Bytes& bad : {Bytes(kHalf, 0), hex(kP256Order), Bytes(kHalf, 0xff)}) {
    EXPECT_EQ(verify_error(verifier, message, concatenate(bad, s)), Errc::verification_failed);
    EXPECT_EQ(verify_error(verifier, message, concatenate(r, bad)), Errc::verification_failed);
    EXPECT_EQ(verify_error(verifier, message, concatenate(bad, bad)), Errc::verification_failed);
  }
}

// RFC 8032, 7.1, tests 1 to 3.
TEST(SignatureEd25519, KnownAnswers) {
  struct Case {
    std::string_view secret, public_key, message, signature;
  };
  for (const Case& test : {
           Case{"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
                "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
                "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
                "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
           Case{"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
                "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
                "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
           Case{"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
                "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
                "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
                "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
       }) {
    const SigningKey signer = signing_key(kEd25519Suite, hex(test.secret));
    EXPECT_EQ(to_hex(signer.public_key()), test.public_key);
    EXPECT_EQ(to_hex(signer.sign(hex(test.message)).value()), test.signature);
    const auto verifier = VerifyingKey::parse(kEd25519Suite, hex(test.public_key)).value();
    EXPECT_TRUE(verifier.verify(hex(test.message), hex(test.signature)));
  }
}

// RFC 8032, 5.1.7: S + L would be a second signature.
TEST(SignatureEd25519, SNotBelowLIsRefused) {
  const auto signer = SigningKey::generate(kEd25519Suite).value();
  const auto verifier = VerifyingKey::parse(kEd25519Suite, signer.public_key()).value();
  const Bytes message = to_bytes("message");
  const Bytes signature = signer.sign(message).value();
  const Bytes r(signature.begin(), signature.begin() + kHalf);
  Bytes s(signature.begin() + kHalf, signature.end());
  for (int multiple = 1; multiple < 15; ++multiple) {
    s = add_little_endian(s, hex(kEd25519Order));
    EXPECT_EQ(verify_error(verifier, message, concatenate(r, s)), Errc::verification_failed);
  }
}

}  // namespace
}  // namespace kt::keytrans
