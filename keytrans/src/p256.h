// The group NIST P-256 over OpenSSL's EC_POINT.
#pragma once

#include <array>
#include <cstddef>

#include "keytrans/bytes.h"
#include "keytrans/result.h"
#include "openssl.h"

namespace kt::keytrans {

// Point encodings of SEC 1, version 2.0, section 2.3.3.
using P256Compressed = std::array<std::uint8_t, 33>;
using P256Uncompressed = std::array<std::uint8_t, 65>;
using P256Scalar = std::array<std::uint8_t, 32>;  // big-endian

// Arithmetic for the length of one call: it carries OpenSSL's scratch numbers, which are cleared
// with it. Multiplication takes time that does not depend on the scalar.
//
// Errors: unavailable when libcrypto fails. Thread rule: one thread.
class P256 {
 public:
  [[nodiscard]] static Result<P256> create();

  // The curve; immutable, for the life of the process.
  [[nodiscard]] static const EC_GROUP* group();

  // q, the order of the group.
  [[nodiscard]] static const BIGNUM* order();

  // A secret scalar, marked for constant-time arithmetic.
  // Errors: malformed unless `bytes` are 32 and spell a number between 1 and q-1.
  [[nodiscard]] static Result<BnPtr> decode_secret(ByteView bytes);

  // A scalar that is public.
  // Errors: malformed unless `bytes` are 32 and spell a number below q.
  [[nodiscard]] static Result<BnPtr> decode_scalar(ByteView bytes);

  // The point `bytes` encode.
  // Errors: malformed unless that is a point other than infinity and `bytes` its one encoding in
  // that form.
  [[nodiscard]] Result<PointPtr> decode(const P256Compressed& bytes) const;
  [[nodiscard]] Result<PointPtr> decode(const P256Uncompressed& bytes) const;

  // Errors: verification_failed for infinity, which has no encoding of these sizes.
  [[nodiscard]] Result<P256Compressed> compress(const EC_POINT* point) const;
  [[nodiscard]] Result<P256Uncompressed> encode(const EC_POINT* point) const;

  [[nodiscard]] Result<PointPtr> multiply_base(const BIGNUM* scalar) const;
  [[nodiscard]] Result<PointPtr> multiply(const BIGNUM* scalar, const EC_POINT* point) const;
  [[nodiscard]] Result<PointPtr> add(const EC_POINT* a, const EC_POINT* b) const;
  [[nodiscard]] Result<PointPtr> negate(PointPtr point) const;

  // base_scalar * B + scalar * point. Requires: both scalars are public.
  [[nodiscard]] Result<PointPtr> multiply_base_and_add(const BIGNUM* base_scalar,
                                                       const BIGNUM* scalar,
                                                       const EC_POINT* point) const;

  [[nodiscard]] BN_CTX* scratch() const { return scratch_.get(); }

 private:
  explicit P256(BnCtxPtr scratch) : scratch_(std::move(scratch)) {}

  BnCtxPtr scratch_;
};

}  // namespace kt::keytrans
