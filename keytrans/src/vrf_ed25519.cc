// ECVRF-EDWARDS25519-SHA512-TAI (RFC 9381, 5.5): suite_string 03, cofactor 8, ptLen 32, cLen 16,
// qLen 32. Its 64-byte output is cut to 32 (KT Cipher Suites).
#include <algorithm>
#include <array>
#include <initializer_list>
#include <memory>
#include <optional>
#include <utility>

#include <sodium.h>

#include "cleansed.h"
#include "ed25519.h"
#include "keytrans/cipher_suite.h"
#include "openssl.h"
#include "vrf_suites.h"

namespace kt::keytrans {
namespace {

using ed25519::Point;
using ed25519::Scalar;

constexpr std::uint8_t kSuite = 0x03;
constexpr std::size_t kSecretSize = 32;
constexpr std::size_t kChallengeSize = 16;
constexpr std::size_t kProofSize = vrf_proof_size(CipherSuite::KT_128_SHA256_Ed25519);

using Challenge = std::array<std::uint8_t, kChallengeSize>;
using Sha512Value = std::array<std::uint8_t, crypto_hash_sha512_BYTES>;

// libsodium's SHA-512 cannot fail: its functions return 0 whatever happens.
Sha512Value sha512(std::initializer_list<ByteView> pieces) {
  Cleansed<crypto_hash_sha512_state> state;
  Sha512Value hash;
  KT_ASSERT(crypto_hash_sha512_init(&state.value) == 0);
  for (const ByteView piece : pieces)
    KT_ASSERT(crypto_hash_sha512_update(&state.value, piece.data(), piece.size()) == 0);
  KT_ASSERT(crypto_hash_sha512_final(&state.value, hash.data()) == 0);
  return hash;
}

// ECVRF_encode_to_curve_try_and_increment (5.4.1.1). About half of all tries succeed. The hash is
// decoded as a point as it stands and multiplied by the cofactor; libsodium's
// crypto_core_ed25519_from_uniform is another map.
Result<Point> encode_to_curve(ByteView salt, ByteView alpha) {
  constexpr std::array<std::uint8_t, 2> kFront{kSuite, kEncodeToCurveFront};
  for (unsigned ctr = 0; ctr < kMaxTries; ++ctr) {
    const std::array<std::uint8_t, 2> end{static_cast<std::uint8_t>(ctr), kBack};
    const Sha512Value hash = sha512({kFront, salt, alpha, end});
    Point candidate;  // interpret_hash_value_as_a_point, 5.5
    std::copy_n(hash.begin(), candidate.size(), candidate.begin());
    if (!ed25519::is_canonical(candidate)) continue;
    const auto h = ed25519::multiply_by_cofactor(candidate);
    if (h && !ed25519::is_identity(*h)) return *h;
  }
  return fail(Errc::unavailable, "no try led to the curve");
}

// ECVRF_challenge_generation (5.4.3) over Y, H, Gamma, U and V.
Challenge generate_challenge(const Point& y, const Point& h, const Point& gamma, const Point& u,
                             const Point& v) {
  constexpr std::array<std::uint8_t, 2> kFront{kSuite, kChallengeFront};
  constexpr std::array<std::uint8_t, 1> kEnd{kBack};
  const Sha512Value hash = sha512({kFront, y, h, gamma, u, v, kEnd});
  Challenge challenge;
  std::copy_n(hash.begin(), challenge.size(), challenge.begin());
  return challenge;
}

// ECVRF_proof_to_hash (5.2) of a Gamma that was multiplied by the cofactor, cut to VRF.Nh.
HashValue proof_to_hash(const Point& cofactor_gamma) {
  constexpr std::array<std::uint8_t, 2> kFront{kSuite, kProofToHashFront};
  constexpr std::array<std::uint8_t, 1> kEnd{kBack};
  const Sha512Value hash = sha512({kFront, cofactor_gamma, kEnd});
  HashValue output;
  std::copy_n(hash.begin(), output.size(), output.begin());
  return output;
}

Scalar to_scalar(const Challenge& c) {
  Scalar scalar{};
  std::copy(c.begin(), c.end(), scalar.begin());
  return scalar;
}

struct Proof {
  Point gamma;
  Point cofactor_gamma;  // 8 * gamma
  Challenge c;
  Scalar s;
};

Bytes encode_proof(const Point& gamma, const Challenge& c, const Scalar& s) {
  Bytes bytes;
  bytes.reserve(kProofSize);
  bytes.insert(bytes.end(), gamma.begin(), gamma.end());
  bytes.insert(bytes.end(), c.begin(), c.end());
  bytes.insert(bytes.end(), s.begin(), s.end());
  return bytes;
}

// ECVRF_decode_proof (5.4.4).
Result<Proof> decode_proof(ByteView bytes) {
  if (bytes.size() != kProofSize) return fail(Errc::malformed, "a VRF proof has the wrong size");
  Proof proof;
  const auto c = bytes.begin() + static_cast<std::ptrdiff_t>(proof.gamma.size());
  const auto s = c + kChallengeSize;
  std::copy(bytes.begin(), c, proof.gamma.begin());
  std::copy(c, s, proof.c.begin());
  std::copy(s, bytes.end(), proof.s.begin());
  if (!ed25519::is_canonical(proof.gamma))
    return fail(Errc::malformed, "Gamma of a VRF proof is not a canonical encoding");
  if (!ed25519::is_reduced(proof.s))
    return fail(Errc::malformed, "s of a VRF proof is not below the group's order");
  const auto cofactor_gamma = ed25519::multiply_by_cofactor(proof.gamma);
  if (!cofactor_gamma) return fail(Errc::malformed, "Gamma of a VRF proof is not on the curve");
  proof.cofactor_gamma = *cofactor_gamma;
  return proof;
}

// a - b, if there are both.
std::optional<Point> difference(const std::optional<Point>& a, const std::optional<Point>& b) {
  if (!a || !b) return std::nullopt;
  return ed25519::subtract(*a, *b);
}

// The two halves of the hashed seed (RFC 8032, 5.1.5): the secret scalar, pruned, and the prefix
// that nonces are derived from.
struct ExpandedKey {
  Cleansed<Scalar> x;
  Cleansed<HashValue> prefix;
};

ExpandedKey expand(ByteView sk) {
  const Cleansed<Sha512Value> hash{sha512({sk})};
  ExpandedKey key;
  Scalar& x = key.x.value;
  HashValue& prefix = key.prefix.value;
  std::copy_n(hash.value.begin(), x.size(), x.begin());
  std::copy_n(hash.value.begin() + x.size(), prefix.size(), prefix.begin());
  x.front() &= 0xf8;
  x.back() = static_cast<std::uint8_t>((x.back() & 0x7fU) | 0x40U);
  return key;
}

class Ed25519Prover : public VrfProver {
 public:
  static Result<std::unique_ptr<const VrfProver>> create(ByteView sk) {
    if (sk.size() != kSecretSize)
      return fail(Errc::malformed, "not an Ed25519 private key of 32 bytes");
    KT_TRY(ed25519::prepare_sodium());
    ExpandedKey key = expand(sk);
    const auto y = ed25519::multiply_base(key.x.value);
    if (!y) return library_failure();
    return std::unique_ptr<const VrfProver>(new Ed25519Prover(std::move(key), *y));
  }

  const Bytes& public_key() const override { return public_key_; }

  // ECVRF_prove (5.1). libsodium would refuse a nonce of 0, one in 2^252.
  Result<VrfOutputAndProof> prove(ByteView alpha) const override {
    KT_TRY(const Point h, encode_to_curve(y_, alpha));
    const Cleansed<Scalar> k{generate_nonce(h)};
    const auto gamma = ed25519::multiply(key_.x.value, h);
    const auto u = ed25519::multiply_base(k.value);
    const auto v = ed25519::multiply(k.value, h);
    if (!gamma || !u || !v) return library_failure();
    const auto cofactor_gamma = ed25519::multiply_by_cofactor(*gamma);
    if (!cofactor_gamma) return library_failure();
    const Challenge c = generate_challenge(y_, h, *gamma, *u, *v);
    return VrfOutputAndProof{proof_to_hash(*cofactor_gamma),
                             encode_proof(*gamma, c, respond(k.value, c))};
  }

 private:
  Ed25519Prover(ExpandedKey key, const Point& y)
      : key_(std::move(key)), y_(y), public_key_(to_bytes(y)) {}

  // ECVRF_nonce_generation_RFC8032 (5.4.2.2).
  Scalar generate_nonce(const Point& h) const {
    const Cleansed<Sha512Value> hash{sha512({key_.prefix.value, h})};
    Scalar k;
    crypto_core_ed25519_scalar_reduce(k.data(), hash.value.data());
    return k;
  }

  // s = (k + c*x) mod q
  Scalar respond(const Scalar& k, const Challenge& c) const {
    Cleansed<Scalar> product;
    Scalar s;
    crypto_core_ed25519_scalar_mul(product.value.data(), to_scalar(c).data(), key_.x.value.data());
    crypto_core_ed25519_scalar_add(s.data(), k.data(), product.value.data());
    return s;
  }

  ExpandedKey key_;
  Point y_;
  Bytes public_key_;
};

class Ed25519Verifier : public VrfVerifier {
 public:
  // ECVRF_validate_key (5.4.5) refuses points of small order; we also refuse those that have a part
  // of small order, as no private key leads to them.
  static Result<std::unique_ptr<const VrfVerifier>> create(ByteView public_key) {
    KT_TRY(const Point y, ed25519::decode_public_key(public_key));
    return std::unique_ptr<const VrfVerifier>(new Ed25519Verifier(y));
  }

  // ECVRF_verify (5.3). Through libsodium we are stricter than it in two ways. A Gamma outside the
  // subgroup of order L is refused, where the RFC accepts one whose part of small order c cancels;
  // the output would be that of the honest Gamma, since proof_to_hash multiplies by the cofactor.
  // And c = 0 or s = 0 is refused, which an honest prover reaches once in 2^128 proofs.
  Result<HashValue> verify(ByteView alpha, ByteView proof_bytes) const override {
    KT_TRY(const Proof proof, decode_proof(proof_bytes));
    KT_TRY(const Point h, encode_to_curve(y_, alpha));
    const Scalar c = to_scalar(proof.c);
    // U = s*B - c*Y, V = s*H - c*Gamma
    const auto u = difference(ed25519::multiply_base(proof.s), ed25519::multiply(c, y_));
    const auto v = difference(ed25519::multiply(proof.s, h), ed25519::multiply(c, proof.gamma));
    if (!u || !v || generate_challenge(y_, h, proof.gamma, *u, *v) != proof.c)
      return fail(Errc::verification_failed, "a VRF proof does not verify");
    return proof_to_hash(proof.cofactor_gamma);
  }

 private:
  explicit Ed25519Verifier(const Point& y) : y_(y) {}

  Point y_;
};

}  // namespace

Result<std::unique_ptr<const VrfProver>> make_ed25519_prover(ByteView sk) {
  return Ed25519Prover::create(sk);
}

Result<std::unique_ptr<const VrfVerifier>> make_ed25519_verifier(ByteView public_key) {
  return Ed25519Verifier::create(public_key);
}

}  // namespace kt::keytrans
