// ECVRF-P256-SHA256-TAI (RFC 9381, 5.5): suite_string 01, cofactor 1, ptLen 33, cLen 16, qLen 32.
#include <algorithm>
#include <array>
#include <utility>

#include "cleansed.h"
#include "keytrans/cipher_suite.h"
#include "keytrans/hash.h"
#include "p256.h"
#include "vrf_suites.h"

namespace kt::keytrans {
namespace {

constexpr std::uint8_t kSuite = 0x01;
constexpr std::uint8_t kEvenY = 0x02;  // sign octet of a compressed point
constexpr std::size_t kChallengeSize = 16;
constexpr std::size_t kProofSize = vrf_proof_size(CipherSuite::KT_128_SHA256_P256);

using Challenge = std::array<std::uint8_t, kChallengeSize>;

struct EncodedPoint {
  P256Compressed bytes;
  PointPtr point;
};

// ECVRF_encode_to_curve_try_and_increment (5.4.1.1). Half of all tries succeed.
Result<EncodedPoint> encode_to_curve(const P256& curve, ByteView salt, ByteView alpha) {
  constexpr std::array<std::uint8_t, 2> kFront{kSuite, kEncodeToCurveFront};
  EncodedPoint encoded{};
  encoded.bytes[0] = kEvenY;  // interpret_hash_value_as_a_point, 5.5
  for (unsigned ctr = 0; ctr < kMaxTries; ++ctr) {
    const std::array<std::uint8_t, 2> end{static_cast<std::uint8_t>(ctr), kBack};
    const HashValue x = sha256({kFront, salt, alpha, end});
    std::copy(x.begin(), x.end(), encoded.bytes.begin() + 1);
    if (auto point = curve.decode(encoded.bytes)) {
      encoded.point = *std::move(point);
      return encoded;
    }
  }
  return fail(Errc::unavailable, "no try led to the curve");
}

// ECVRF_challenge_generation (5.4.3) over Y, H, Gamma, U and V.
Challenge generate_challenge(const P256Compressed& y, const P256Compressed& h,
                             const P256Compressed& gamma, const P256Compressed& u,
                             const P256Compressed& v) {
  constexpr std::array<std::uint8_t, 2> kFront{kSuite, kChallengeFront};
  constexpr std::array<std::uint8_t, 1> kEnd{kBack};
  const HashValue hash = sha256({kFront, y, h, gamma, u, v, kEnd});
  Challenge challenge;
  std::copy_n(hash.begin(), challenge.size(), challenge.begin());
  return challenge;
}

// ECVRF_proof_to_hash (5.2); the cofactor is 1.
HashValue proof_to_hash(const P256Compressed& gamma) {
  constexpr std::array<std::uint8_t, 2> kFront{kSuite, kProofToHashFront};
  constexpr std::array<std::uint8_t, 1> kEnd{kBack};
  return sha256({kFront, gamma, kEnd});
}

Result<BnPtr> to_number(ByteView bytes) {
  BnPtr number(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
  if (number == nullptr) return library_failure();
  return number;
}

// RFC 6979, 2.3.4: a hash value reduced modulo q. It is below 2^256 and so below 2q.
Result<P256Scalar> bits2octets(const HashValue& hash) {
  KT_TRY(const BnPtr number, to_number(hash));
  if (BN_cmp(number.get(), P256::order()) >= 0 &&
      BN_sub(number.get(), number.get(), P256::order()) != 1)
    return library_failure();
  P256Scalar octets;
  const int size = static_cast<int>(octets.size());
  if (BN_bn2binpad(number.get(), octets.data(), size) != size) return library_failure();
  return octets;
}

// The generator of RFC 6979, 3.2, steps b to h, seeded with a secret and a message.
class NonceGenerator {
 public:
  // Steps b to g.
  NonceGenerator(const P256Scalar& x, const P256Scalar& h1) {
    key_.value.fill(0x00);
    state_.value.fill(0x01);
    reseed(0x00, x, h1);
    reseed(0x01, x, h1);
  }

  // Step h: candidates until one is a scalar between 1 and q-1.
  Result<BnPtr> next() {
    for (;;) {
      advance();
      auto scalar = P256::decode_secret(state_.value);
      if (scalar || scalar.error().code != Errc::malformed) return scalar;
      reseed(0x00, {}, {});
    }
  }

 private:
  // K = HMAC_K(V || separator || x || h1), V = HMAC_K(V).
  void reseed(std::uint8_t separator, ByteView x, ByteView h1) {
    const std::array<std::uint8_t, 1> octet{separator};
    const Cleansed<HashValue> key{hmac_sha256(key_.value, {state_.value, octet, x, h1})};
    key_.value = key.value;
    advance();
  }

  // V = HMAC_K(V).
  void advance() {
    const Cleansed<HashValue> state{hmac_sha256(key_.value, state_.value)};
    state_.value = state.value;
  }

  Cleansed<HashValue> key_;
  Cleansed<HashValue> state_;
};

struct Proof {
  P256Compressed gamma_bytes;
  PointPtr gamma;
  Challenge c_bytes;
  BnPtr c;
  BnPtr s;
};

// ECVRF_decode_proof (5.4.4).
Result<Proof> decode_proof(const P256& curve, ByteView bytes) {
  if (bytes.size() != kProofSize) return fail(Errc::malformed, "a VRF proof has the wrong size");
  Proof proof{};
  const ByteView gamma = bytes.first(proof.gamma_bytes.size());
  const ByteView c = bytes.subspan(gamma.size(), kChallengeSize);
  std::copy(gamma.begin(), gamma.end(), proof.gamma_bytes.begin());
  std::copy(c.begin(), c.end(), proof.c_bytes.begin());
  KT_TRY(proof.gamma, curve.decode(proof.gamma_bytes));
  KT_TRY(proof.c, to_number(c));
  KT_TRY(proof.s, P256::decode_scalar(bytes.subspan(gamma.size() + c.size())));
  return proof;
}

class P256Prover : public VrfProver {
 public:
  static Result<std::unique_ptr<const VrfProver>> create(ByteView sk) {
    KT_TRY(BnPtr x, P256::decode_secret(sk));
    KT_TRY(const P256 curve, P256::create());
    KT_TRY(BnPtr x_montgomery, to_montgomery(curve, x.get()));
    KT_TRY(const PointPtr y, curve.multiply_base(x.get()));
    KT_TRY(const P256Compressed y_bytes, curve.compress(y.get()));
    return std::unique_ptr<const VrfProver>(
        new P256Prover(std::move(x), std::move(x_montgomery), y_bytes));
  }

  const Bytes& public_key() const override { return public_key_; }

  // ECVRF_prove (5.1).
  Result<VrfOutputAndProof> prove(ByteView alpha) const override {
    KT_TRY(const P256 curve, P256::create());
    KT_TRY(const EncodedPoint h, encode_to_curve(curve, y_, alpha));
    KT_TRY(const P256Compressed gamma, multiply(curve, x_.get(), h.point.get()));
    KT_TRY(const BnPtr k, generate_nonce(h.bytes));
    KT_TRY(const PointPtr u_point, curve.multiply_base(k.get()));
    KT_TRY(const P256Compressed u, curve.compress(u_point.get()));
    KT_TRY(const P256Compressed v, multiply(curve, k.get(), h.point.get()));
    const Challenge c = generate_challenge(y_, h.bytes, gamma, u, v);
    KT_TRY(const P256Scalar s, respond(curve, k.get(), c));
    return VrfOutputAndProof{proof_to_hash(gamma), encode_proof(gamma, c, s)};
  }

 private:
  P256Prover(BnPtr x, BnPtr x_montgomery, const P256Compressed& y)
      : x_(std::move(x)), x_montgomery_(std::move(x_montgomery)), y_(y), public_key_(to_bytes(y)) {}

  static Result<BnPtr> to_montgomery(const P256& curve, const BIGNUM* scalar) {
    BnPtr result(BN_secure_new());
    if (result == nullptr ||
        BN_to_montgomery(result.get(), scalar, EC_GROUP_get_mont_data(P256::group()),
                         curve.scratch()) != 1)
      return library_failure();
    BN_set_flags(result.get(), BN_FLG_CONSTTIME);
    return result;
  }

  static Result<P256Compressed> multiply(const P256& curve, const BIGNUM* scalar,
                                         const EC_POINT* point) {
    KT_TRY(const PointPtr product, curve.multiply(scalar, point));
    return curve.compress(product.get());
  }

  // ECVRF_nonce_generation_RFC6979 (5.4.2.1).
  Result<BnPtr> generate_nonce(const P256Compressed& h) const {
    Cleansed<P256Scalar> x;
    const int size = static_cast<int>(x.value.size());
    if (BN_bn2binpad(x_.get(), x.value.data(), size) != size) return library_failure();
    KT_TRY(const P256Scalar h1, bits2octets(sha256(h)));
    return NonceGenerator(x.value, h1).next();
  }

  // s = (k + c*x) mod q. With x in Montgomery form the product is one constant-time
  // multiplication, and BN_mod_add_quick does not branch on its operands.
  Result<P256Scalar> respond(const P256& curve, const BIGNUM* k, const Challenge& challenge) const {
    KT_TRY(const BnPtr c, to_number(challenge));
    const BnPtr s(BN_secure_new());
    P256Scalar bytes;
    const int size = static_cast<int>(bytes.size());
    if (s == nullptr ||
        BN_mod_mul_montgomery(s.get(), c.get(), x_montgomery_.get(),
                              EC_GROUP_get_mont_data(P256::group()), curve.scratch()) != 1 ||
        BN_mod_add_quick(s.get(), s.get(), k, P256::order()) != 1 ||
        BN_bn2binpad(s.get(), bytes.data(), size) != size)
      return library_failure();
    return bytes;
  }

  static Bytes encode_proof(const P256Compressed& gamma, const Challenge& c, const P256Scalar& s) {
    Bytes proof;
    proof.reserve(kProofSize);
    proof.insert(proof.end(), gamma.begin(), gamma.end());
    proof.insert(proof.end(), c.begin(), c.end());
    proof.insert(proof.end(), s.begin(), s.end());
    return proof;
  }

  BnPtr x_;
  BnPtr x_montgomery_;
  P256Compressed y_;
  Bytes public_key_;
};

class P256Verifier : public VrfVerifier {
 public:
  // ECVRF_validate_key (5.4.5): the cofactor is 1, so decoding is the validation.
  static Result<std::unique_ptr<const VrfVerifier>> create(ByteView public_key) {
    P256Compressed y;
    if (public_key.size() != y.size())
      return fail(Errc::malformed, "not a compressed P-256 point of 33 bytes");
    std::copy(public_key.begin(), public_key.end(), y.begin());
    KT_TRY(const P256 curve, P256::create());
    KT_TRY(PointPtr point, curve.decode(y));
    KT_TRY(PointPtr negated, curve.negate(std::move(point)));
    return std::unique_ptr<const VrfVerifier>(new P256Verifier(y, std::move(negated)));
  }

  // ECVRF_verify (5.3). U or V at infinity means a nonce of 0, which no prover may use.
  Result<HashValue> verify(ByteView alpha, ByteView proof_bytes) const override {
    KT_TRY(const P256 curve, P256::create());
    KT_TRY(Proof proof, decode_proof(curve, proof_bytes));
    KT_TRY(const EncodedPoint h, encode_to_curve(curve, y_, alpha));
    // U = s*B - c*Y
    KT_TRY(const PointPtr u_point,
           curve.multiply_base_and_add(proof.s.get(), proof.c.get(), negated_y_.get()));
    KT_TRY(const P256Compressed u, curve.compress(u_point.get()));
    KT_TRY(const P256Compressed v,
           compute_v(curve, h.point.get(), std::move(proof.gamma), proof.c.get(), proof.s.get()));
    if (generate_challenge(y_, h.bytes, proof.gamma_bytes, u, v) != proof.c_bytes)
      return fail(Errc::verification_failed, "a VRF proof does not verify");
    return proof_to_hash(proof.gamma_bytes);
  }

 private:
  P256Verifier(const P256Compressed& y, PointPtr negated_y)
      : y_(y), negated_y_(std::move(negated_y)) {}

  // V = s*H - c*Gamma
  static Result<P256Compressed> compute_v(const P256& curve, const EC_POINT* h, PointPtr gamma,
                                          const BIGNUM* c, const BIGNUM* s) {
    KT_TRY(const PointPtr negated_gamma, curve.negate(std::move(gamma)));
    KT_TRY(const PointPtr s_h, curve.multiply(s, h));
    KT_TRY(const PointPtr c_gamma, curve.multiply(c, negated_gamma.get()));
    KT_TRY(const PointPtr v, curve.add(s_h.get(), c_gamma.get()));
    return curve.compress(v.get());
  }

  P256Compressed y_;
  PointPtr negated_y_;
};

}  // namespace

Result<std::unique_ptr<const VrfProver>> make_p256_prover(ByteView sk) {
  return P256Prover::create(sk);
}

Result<std::unique_ptr<const VrfVerifier>> make_p256_verifier(ByteView public_key) {
  return P256Verifier::create(public_key);
}

}  // namespace kt::keytrans
