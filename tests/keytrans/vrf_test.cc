#include "keytrans/vrf.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <sodium.h>

#include "bad_keys.h"
#include "keytrans/signature.h"
#include "suites.h"

namespace kt::keytrans {
namespace {

Bytes hex(std::string_view text) { return from_hex(text).value(); }

Errc verify_error(const VrfPublicKey& key, ByteView alpha, ByteView proof) {
  const auto output = key.verify(alpha, proof);
  EXPECT_FALSE(output.has_value());
  return output ? Errc::corrupt : output.error().code;
}

Errc parse_error(CipherSuite suite, ByteView public_key) {
  const auto key = VrfPublicKey::parse(suite, public_key);
  EXPECT_FALSE(key.has_value()) << to_hex(public_key);
  return key ? Errc::corrupt : key.error().code;
}

bool is_private_key(CipherSuite suite, ByteView secret) {
  const auto key = VrfPrivateKey::from_secret(suite, secret);
  EXPECT_TRUE(key || key.error().code == Errc::malformed);
  return key.has_value();
}

// `bytes` with `part` written over them from `offset` on.
Bytes with_part(Bytes bytes, std::size_t offset, const Bytes& part) {
  std::copy(part.begin(), part.end(), bytes.begin() + static_cast<std::ptrdiff_t>(offset));
  return bytes;
}

class Vrf : public ::testing::TestWithParam<CipherSuite> {
 protected:
  const VrfPrivateKey prover = VrfPrivateKey::generate(GetParam()).value();
  const VrfPublicKey verifier = VrfPublicKey::parse(GetParam(), prover.public_key()).value();
  const Bytes alpha = to_bytes("alice@example.com");
  const VrfOutputAndProof proven = prover.prove(alpha).value();
};

INSTANTIATE_TEST_SUITE_P(, Vrf, ::testing::Values(kP256Suite, kEd25519Suite), suite_name);

TEST_P(Vrf, Verifies) {
  EXPECT_EQ(proven.proof.size(), vrf_proof_size(GetParam()));
  EXPECT_EQ(verifier.verify(alpha, proven.proof).value(), proven.output);
  EXPECT_EQ(prover.suite(), GetParam());
  EXPECT_EQ(verifier.suite(), GetParam());
}

TEST_P(Vrf, ProvesTheSameEveryTime) { EXPECT_EQ(prover.prove(alpha).value(), proven); }

// Enough inputs for several tries of hashing to the curve.
TEST_P(Vrf, VerifiesInputsOfManySizes) {
  for (std::size_t size = 0; size <= 260; size += 5) {
    const Bytes input(size, 0x61);
    const auto answer = prover.prove(input).value();
    EXPECT_EQ(verifier.verify(input, answer.proof).value(), answer.output) << size;
  }
}

TEST_P(Vrf, EveryFlippedBitOfTheProofIsRefused) {
  for (std::size_t bit = 0; bit < 8 * proven.proof.size(); ++bit) {
    Bytes flipped = proven.proof;
    flipped[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    EXPECT_FALSE(verifier.verify(alpha, flipped)) << bit;
  }
}

TEST_P(Vrf, EveryFlippedByteOfTheProofIsRefused) {
  for (std::size_t i = 0; i < proven.proof.size(); ++i) {
    Bytes flipped = proven.proof;
    flipped[i] = static_cast<std::uint8_t>(~flipped[i]);
    EXPECT_FALSE(verifier.verify(alpha, flipped)) << i;
  }
}

TEST_P(Vrf, EveryFlippedBitOfThePublicKeyIsRefused) {
  for (std::size_t bit = 0; bit < 8 * prover.public_key().size(); ++bit) {
    Bytes flipped = prover.public_key();
    flipped[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    const auto key = VrfPublicKey::parse(GetParam(), flipped);
    EXPECT_FALSE(key && key->verify(alpha, proven.proof)) << bit;
  }
}

TEST_P(Vrf, ProofsOfOtherSizesAreMalformed) {
  for (std::size_t size = 0; size < proven.proof.size(); ++size) {
    EXPECT_EQ(verify_error(verifier, alpha, ByteView(proven.proof).first(size)), Errc::malformed);
  }
  for (const std::uint8_t extra : Bytes{0x00, 0xff}) {
    Bytes longer = proven.proof;
    longer.push_back(extra);
    EXPECT_EQ(verify_error(verifier, alpha, longer), Errc::malformed);
  }
}

TEST_P(Vrf, KeysOfOtherSizesAreMalformed) {
  const Bytes& key = prover.public_key();
  for (std::size_t size = 0; size < key.size(); ++size) {
    EXPECT_EQ(parse_error(GetParam(), ByteView(key).first(size)), Errc::malformed);
  }
  Bytes longer = key;
  longer.push_back(0);
  EXPECT_EQ(parse_error(GetParam(), longer), Errc::malformed);
  EXPECT_EQ(parse_error(other_suite(GetParam()), key), Errc::malformed);
}

TEST_P(Vrf, AnotherAlphaIsRefused) {
  for (const std::string_view other :
       {"", "alice@example.co", "alice@example.comm", "alice@example.con", "blice@example.com"}) {
    EXPECT_EQ(verify_error(verifier, to_bytes(other), proven.proof), Errc::verification_failed);
  }
}

TEST_P(Vrf, AnotherKeyIsRefused) {
  const auto other = VrfPrivateKey::generate(GetParam()).value();
  ASSERT_NE(other.public_key(), prover.public_key());
  const auto other_verifier = VrfPublicKey::parse(GetParam(), other.public_key()).value();
  EXPECT_EQ(verify_error(other_verifier, alpha, proven.proof), Errc::verification_failed);
}

// A proof is not another one's Gamma with this one's c and s.
TEST_P(Vrf, PartsOfTwoProofsAreRefused) {
  const Bytes other_alpha = to_bytes("bob@example.com");
  const Bytes other = prover.prove(other_alpha).value().proof;
  const Bytes other_gamma(other.begin(), other.end() - 48);
  const Bytes mixed = with_part(proven.proof, 0, other_gamma);
  EXPECT_EQ(verify_error(verifier, alpha, mixed), Errc::verification_failed);
  EXPECT_EQ(verify_error(verifier, other_alpha, mixed), Errc::verification_failed);
}

TEST_P(Vrf, SecretsOfOtherSizesAreMalformed) {
  for (std::size_t size = 0; size < 70; ++size) {
    EXPECT_EQ(is_private_key(GetParam(), Bytes(size, 1)), size == 32) << size;
  }
}

TEST_P(Vrf, PemRoundTrip) {
  const auto pem = prover.to_pem().value();
  EXPECT_TRUE(pem.text().starts_with("-----BEGIN PRIVATE KEY-----\n"));
  const auto read = VrfPrivateKey::from_pem(GetParam(), pem.text()).value();
  EXPECT_EQ(read.public_key(), prover.public_key());
  EXPECT_EQ(read.prove(alpha).value(), proven);
  EXPECT_TRUE(read.to_pem().value().equal(pem.view()));
}

TEST_P(Vrf, PemAfterOtherTextIsRead) {
  const auto pem = prover.to_pem().value();
  const std::string text = "The VRF key of a log.\n" + std::string(pem.text());
  EXPECT_EQ(VrfPrivateKey::from_pem(GetParam(), text).value().public_key(), prover.public_key());
}

TEST_P(Vrf, PemOfTheOtherSuiteIsRefused) {
  const auto pem = prover.to_pem().value();
  const auto read = VrfPrivateKey::from_pem(other_suite(GetParam()), pem.text());
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Errc::malformed);
}

TEST_P(Vrf, BadPemIsRefused) {
  for (const BadKey& bad : kBadKeys) {
    const auto key = VrfPrivateKey::from_pem(GetParam(), bad.pem);
    ASSERT_FALSE(key) << bad.what;
    EXPECT_EQ(key.error().code, Errc::malformed) << bad.what;
  }
}

TEST_P(Vrf, FailuresLeaveNothingInOpenSslsErrorQueue) {
  EXPECT_FALSE(verifier.verify(alpha, Bytes(proven.proof.size(), 2)));
  // About half of these are on the curve.
  for (std::uint8_t fill = 0; fill < 16; ++fill) {
    const Bytes key = with_part(Bytes(prover.public_key().size(), fill), 0, {2});
    static_cast<void>(VrfPublicKey::parse(GetParam(), key));
  }
  EXPECT_FALSE(VrfPrivateKey::from_pem(GetParam(), "-----BEGIN PRIVATE KEY-----\n"));
  for (std::size_t i = 0; i < 8; ++i) EXPECT_TRUE(prover.prove(Bytes(i, 1)));
  EXPECT_EQ(ERR_peek_error(), 0U);
}

TEST_P(Vrf, KeysServeSeveralThreads) {
  std::array<bool, 4> right{};
  std::vector<std::thread> threads;
  for (bool& result : right) {
    threads.emplace_back([this, &result] {
      result = true;
      for (int i = 0; i < 20; ++i) {
        const auto again = prover.prove(alpha);
        const auto output = verifier.verify(alpha, proven.proof);
        result = result && again && *again == proven && output && *output == proven.output;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const bool result : right) EXPECT_TRUE(result);
}

TEST_P(Vrf, CopiesOfAPublicKeyOutliveIt) {
  auto original = VrfPublicKey::parse(GetParam(), prover.public_key());
  const VrfPublicKey copy = original.value();
  original = fail(Errc::not_found, "gone");
  EXPECT_TRUE(copy.verify(alpha, proven.proof));
}

// ---- P-256: encodings that are not the one of their point or scalar

constexpr std::string_view kOrder =
    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
constexpr std::string_view kOrderMinusOne =
    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550";
constexpr std::string_view kOrderPlusOne =
    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632552";

// Points of P-256, x = 5 and 6, and the same points with p added to x.
constexpr std::array<std::string_view, 2> kSmallX{
    "020000000000000000000000000000000000000000000000000000000000000005",
    "020000000000000000000000000000000000000000000000000000000000000006"};
constexpr std::array<std::string_view, 2> kSmallXPlusP{
    "02ffffffff00000001000000000000000000000001000000000000000000000004",
    "02ffffffff00000001000000000000000000000001000000000000000000000005"};
constexpr std::string_view kNotOnCurve =
    "020000000000000000000000000000000000000000000000000000000000000001";

class VrfP256 : public ::testing::Test {
 protected:
  static constexpr std::size_t kSOffset = 33 + 16;

  const VrfPrivateKey prover = VrfPrivateKey::generate(kP256Suite).value();
  const VrfPublicKey verifier = VrfPublicKey::parse(kP256Suite, prover.public_key()).value();
  const Bytes alpha = to_bytes("alpha");
  const Bytes proof = prover.prove(alpha).value().proof;
};

TEST_F(VrfP256, SecretsLieBetweenOneAndOrderMinusOne) {
  Bytes one(32, 0);
  one.back() = 1;
  EXPECT_TRUE(is_private_key(kP256Suite, one));
  EXPECT_TRUE(is_private_key(kP256Suite, hex(kOrderMinusOne)));
  EXPECT_FALSE(is_private_key(kP256Suite, Bytes(32, 0)));
  EXPECT_FALSE(is_private_key(kP256Suite, hex(kOrder)));
  EXPECT_FALSE(is_private_key(kP256Suite, hex(kOrderPlusOne)));
  EXPECT_FALSE(is_private_key(kP256Suite, Bytes(32, 0xff)));
}

TEST_F(VrfP256, KeysHaveOneEncoding) {
  for (std::size_t i = 0; i < kSmallX.size(); ++i) {
    EXPECT_TRUE(VrfPublicKey::parse(kP256Suite, hex(kSmallX[i])));
    EXPECT_EQ(parse_error(kP256Suite, hex(kSmallXPlusP[i])), Errc::malformed);
  }
  EXPECT_EQ(parse_error(kP256Suite, hex(kNotOnCurve)), Errc::malformed);
  for (unsigned form = 0; form < 256; ++form) {
    const Bytes key = with_part(prover.public_key(), 0, {static_cast<std::uint8_t>(form)});
    EXPECT_EQ(VrfPublicKey::parse(kP256Suite, key).has_value(), form == 0x02 || form == 0x03);
  }
}

TEST_F(VrfP256, InfinityIsNoKeyAndNoGamma) {
  EXPECT_EQ(parse_error(kP256Suite, Bytes{0}), Errc::malformed);
  EXPECT_EQ(parse_error(kP256Suite, Bytes(33, 0)), Errc::malformed);
  EXPECT_EQ(verify_error(verifier, alpha, with_part(proof, 0, Bytes(33, 0))), Errc::malformed);
}

TEST_F(VrfP256, UncompressedKeysAreRefused) {
  const auto signer = SigningKey::generate(kP256Suite).value();
  EXPECT_EQ(parse_error(kP256Suite, signer.public_key()), Errc::malformed);
}

TEST_F(VrfP256, GammaHasOneEncoding) {
  for (std::size_t i = 0; i < kSmallX.size(); ++i) {
    EXPECT_EQ(verify_error(verifier, alpha, with_part(proof, 0, hex(kSmallX[i]))),
              Errc::verification_failed);
    EXPECT_EQ(verify_error(verifier, alpha, with_part(proof, 0, hex(kSmallXPlusP[i]))),
              Errc::malformed);
  }
  EXPECT_EQ(verify_error(verifier, alpha, with_part(proof, 0, hex(kNotOnCurve))), Errc::malformed);
  for (unsigned form = 0; form < 256; ++form) {
    if (form == 0x02 || form == 0x03) continue;
    EXPECT_EQ(verify_error(verifier, alpha, with_part(proof, 0, {static_cast<std::uint8_t>(form)})),
              Errc::malformed);
  }
}

TEST_F(VrfP256, SIsBelowTheOrder) {
  const auto error_with_s = [this](const Bytes& s) {
    return verify_error(verifier, alpha, with_part(proof, kSOffset, s));
  };
  EXPECT_EQ(error_with_s(hex(kOrderMinusOne)), Errc::verification_failed);
  EXPECT_EQ(error_with_s(Bytes(32, 0)), Errc::verification_failed);
  EXPECT_EQ(error_with_s(hex(kOrder)), Errc::malformed);
  EXPECT_EQ(error_with_s(hex(kOrderPlusOne)), Errc::malformed);
  EXPECT_EQ(error_with_s(Bytes(32, 0xff)), Errc::malformed);
}

// U = s*B - c*Y is infinity for c = 0 and s = 0, and so is V.
TEST_F(VrfP256, InfinityInTheChallengeIsRefused) {
  EXPECT_EQ(verify_error(verifier, alpha, with_part(proof, 33, Bytes(48, 0))),
            Errc::verification_failed);
}

// ---- edwards25519: encodings that are not the one of their point or scalar, and small orders

constexpr std::string_view kL = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";

// The points whose order divides 8, each in its canonical encoding; the first is the identity.
constexpr std::array<std::string_view, 8> kSmallOrder{
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"};

// Every encoding with y of p and above, and the two in which x is 0 and has a sign.
std::vector<Bytes> non_canonical_points() {
  std::vector<Bytes> points;
  for (const std::uint8_t last : Bytes{0x7f, 0xff}) {
    for (unsigned first = 0xed; first <= 0xff; ++first) {
      Bytes point(32, 0xff);
      point.front() = static_cast<std::uint8_t>(first);
      point.back() = last;
      points.push_back(point);
    }
  }
  points.push_back(hex("0100000000000000000000000000000000000000000000000000000000000080"));
  points.push_back(hex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"));
  return points;
}

Bytes add_points(const Bytes& a, const Bytes& b) {
  Bytes sum(32);
  EXPECT_EQ(crypto_core_ed25519_add(sum.data(), a.data(), b.data()), 0);
  return sum;
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

class VrfEd25519 : public ::testing::Test {
 protected:
  static constexpr std::size_t kSOffset = 32 + 16;

  const VrfPrivateKey prover = VrfPrivateKey::generate(kEd25519Suite).value();
  const VrfPublicKey verifier = VrfPublicKey::parse(kEd25519Suite, prover.public_key()).value();
  const Bytes alpha = to_bytes("alpha");
  const Bytes proof = prover.prove(alpha).value().proof;
};

TEST_F(VrfEd25519, AnySeedIsAKey) {
  EXPECT_TRUE(is_private_key(kEd25519Suite, Bytes(32, 0)));
  EXPECT_TRUE(is_private_key(kEd25519Suite, Bytes(32, 0xff)));
}

TEST_F(VrfEd25519, NonCanonicalPointsAreMalformed) {
  for (const Bytes& point : non_canonical_points()) {
    EXPECT_EQ(parse_error(kEd25519Suite, point), Errc::malformed) << to_hex(point);
    EXPECT_FALSE(VerifyingKey::parse(kEd25519Suite, point)) << to_hex(point);
    EXPECT_EQ(verify_error(verifier, alpha, with_part(proof, 0, point)), Errc::malformed)
        << to_hex(point);
  }
}

TEST_F(VrfEd25519, SmallOrderIsRefused) {
  for (const std::string_view point : kSmallOrder) {
    EXPECT_EQ(parse_error(kEd25519Suite, hex(point)), Errc::malformed);
    EXPECT_FALSE(VerifyingKey::parse(kEd25519Suite, hex(point)));
    EXPECT_EQ(verify_error(verifier, alpha, with_part(proof, 0, hex(point))),
              Errc::verification_failed);
  }
}

// A valid point plus one of small order is on the curve, but not in the subgroup of order L.
TEST_F(VrfEd25519, PointsWithAPartOfSmallOrderAreRefused) {
  const Bytes gamma(proof.begin(), proof.begin() + 32);
  for (std::size_t i = 1; i < kSmallOrder.size(); ++i) {
    const Bytes key = add_points(prover.public_key(), hex(kSmallOrder[i]));
    EXPECT_EQ(parse_error(kEd25519Suite, key), Errc::malformed) << i;
    EXPECT_FALSE(VerifyingKey::parse(kEd25519Suite, key)) << i;
    const Bytes shifted = with_part(proof, 0, add_points(gamma, hex(kSmallOrder[i])));
    EXPECT_EQ(verify_error(verifier, alpha, shifted), Errc::verification_failed) << i;
  }
}

// y = 2 is not on the curve.
TEST_F(VrfEd25519, PointsOffTheCurveAreMalformed) {
  Bytes point(32, 0);
  point.front() = 2;
  EXPECT_EQ(parse_error(kEd25519Suite, point), Errc::malformed);
  EXPECT_EQ(verify_error(verifier, alpha, with_part(proof, 0, point)), Errc::malformed);
}

// s plus a multiple of L would be a second proof.
TEST_F(VrfEd25519, SIsBelowL) {
  Bytes s(proof.begin() + kSOffset, proof.end());
  for (int multiple = 1; multiple < 15; ++multiple) {
    s = add_little_endian(s, hex(kL));
    EXPECT_EQ(verify_error(verifier, alpha, with_part(proof, kSOffset, s)), Errc::malformed);
  }
  const auto error_with_s = [this](const Bytes& scalar) {
    return verify_error(verifier, alpha, with_part(proof, kSOffset, scalar));
  };
  Bytes l_minus_one = hex(kL);
  --l_minus_one.front();
  EXPECT_EQ(error_with_s(l_minus_one), Errc::verification_failed);
  EXPECT_EQ(error_with_s(hex(kL)), Errc::malformed);
  EXPECT_EQ(error_with_s(Bytes(32, 0xff)), Errc::malformed);
}

// libsodium refuses products that are the identity.
TEST_F(VrfEd25519, ZeroScalarsAreRefused) {
  EXPECT_EQ(verify_error(verifier, alpha, with_part(proof, 32, Bytes(16, 0))),
            Errc::verification_failed);
  EXPECT_EQ(verify_error(verifier, alpha, with_part(proof, kSOffset, Bytes(32, 0))),
            Errc::verification_failed);
}

}  // namespace
}  // namespace kt::keytrans
