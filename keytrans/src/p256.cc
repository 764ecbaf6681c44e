#include "p256.h"

#include <utility>

#include <openssl/obj_mac.h>

namespace kt::keytrans {
namespace {

// The first octet of an encoded point (SEC 1, 2.3.3). OpenSSL would also take the hybrid forms
// 06 and 07.
constexpr std::uint8_t kCompressedEven = 0x02;
constexpr std::uint8_t kCompressedOdd = 0x03;
constexpr std::uint8_t kUncompressed = 0x04;

Result<PointPtr> new_point() {
  PointPtr point(EC_POINT_new(P256::group()));
  if (point == nullptr) return library_failure();
  return point;
}

// EC_POINT_oct2point refuses coordinates of p and above and points that are not on the curve.
Result<PointPtr> decode_octets(ByteView bytes, BN_CTX* scratch) {
  KT_TRY(PointPtr point, new_point());
  const int decoded =
      EC_POINT_oct2point(P256::group(), point.get(), bytes.data(), bytes.size(), scratch);
  if (decoded != 1) return fail(Errc::malformed, "not a point of P-256");
  return point;
}

template <class Encoding>
Result<Encoding> encode_octets(const EC_POINT* point, point_conversion_form_t form,
                               BN_CTX* scratch) {
  if (EC_POINT_is_at_infinity(P256::group(), point) != 0)
    return fail(Errc::verification_failed, "a point is infinity");
  Encoding bytes;
  const std::size_t written =
      EC_POINT_point2oct(P256::group(), point, form, bytes.data(), bytes.size(), scratch);
  if (written != bytes.size()) return library_failure();
  return bytes;
}

// base_scalar * B + scalar * point; null pointers leave a term out.
Result<PointPtr> multiply_terms(const BIGNUM* base_scalar, const EC_POINT* point,
                                const BIGNUM* scalar, BN_CTX* scratch) {
  KT_TRY(PointPtr product, new_point());
  if (EC_POINT_mul(P256::group(), product.get(), base_scalar, point, scalar, scratch) != 1)
    return library_failure();
  return product;
}

}  // namespace

Result<P256> P256::create() {
  BnCtxPtr scratch(BN_CTX_new());
  if (scratch == nullptr) return library_failure();
  return P256(std::move(scratch));
}

const EC_GROUP* P256::group() {
  static const GroupPtr group(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1));
  KT_ASSERT(group != nullptr);
  return group.get();
}

const BIGNUM* P256::order() { return EC_GROUP_get0_order(group()); }

Result<BnPtr> P256::decode_secret(ByteView bytes) {
  if (bytes.size() != std::tuple_size_v<P256Scalar>)
    return fail(Errc::malformed, "not a P-256 private key of 32 bytes");
  BnPtr scalar(BN_secure_new());
  if (scalar == nullptr) return library_failure();
  BN_set_flags(scalar.get(), BN_FLG_CONSTTIME);
  if (BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), scalar.get()) == nullptr)
    return library_failure();
  if (BN_is_zero(scalar.get()) != 0 || BN_cmp(scalar.get(), order()) >= 0)
    return fail(Errc::malformed, "a P-256 private key is not between 1 and q-1");
  return scalar;
}

Result<BnPtr> P256::decode_scalar(ByteView bytes) {
  if (bytes.size() != std::tuple_size_v<P256Scalar>)
    return fail(Errc::malformed, "not a P-256 scalar of 32 bytes");
  BnPtr scalar(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
  if (scalar == nullptr) return library_failure();
  if (BN_cmp(scalar.get(), order()) >= 0)
    return fail(Errc::malformed, "a P-256 scalar is not below q");
  return scalar;
}

Result<PointPtr> P256::decode(const P256Compressed& bytes) const {
  if (bytes[0] != kCompressedEven && bytes[0] != kCompressedOdd)
    return fail(Errc::malformed, "not a compressed point");
  return decode_octets(bytes, scratch());
}

Result<PointPtr> P256::decode(const P256Uncompressed& bytes) const {
  if (bytes[0] != kUncompressed) return fail(Errc::malformed, "not an uncompressed point");
  return decode_octets(bytes, scratch());
}

Result<P256Compressed> P256::compress(const EC_POINT* point) const {
  return encode_octets<P256Compressed>(point, POINT_CONVERSION_COMPRESSED, scratch());
}

Result<P256Uncompressed> P256::encode(const EC_POINT* point) const {
  return encode_octets<P256Uncompressed>(point, POINT_CONVERSION_UNCOMPRESSED, scratch());
}

Result<PointPtr> P256::multiply_base(const BIGNUM* scalar) const {
  return multiply_terms(scalar, nullptr, nullptr, scratch());
}

Result<PointPtr> P256::multiply(const BIGNUM* scalar, const EC_POINT* point) const {
  return multiply_terms(nullptr, point, scalar, scratch());
}

Result<PointPtr> P256::multiply_base_and_add(const BIGNUM* base_scalar, const BIGNUM* scalar,
                                             const EC_POINT* point) const {
  return multiply_terms(base_scalar, point, scalar, scratch());
}

Result<PointPtr> P256::add(const EC_POINT* a, const EC_POINT* b) const {
  KT_TRY(PointPtr sum, new_point());
  if (EC_POINT_add(group(), sum.get(), a, b, scratch()) != 1) return library_failure();
  return sum;
}

Result<PointPtr> P256::negate(PointPtr point) const {
  if (EC_POINT_invert(group(), point.get(), scratch()) != 1) return library_failure();
  return point;
}

}  // namespace kt::keytrans
