#include "ed25519.h"

#include <algorithm>

#include <sodium.h>

namespace kt::keytrans::ed25519 {
namespace {

constexpr std::size_t kLast = 31;
constexpr std::uint8_t kSignBit = 0x80;

// p = 2^255 - 19, little-endian as in encodings.
constexpr Point prime() {
  Point p;
  p.fill(0xff);
  p[0] = 0xed;
  p[kLast] = 0x7f;
  return p;
}

constexpr Point identity() {
  Point point{};
  point[0] = 1;  // y
  return point;
}

// y = -1: with y = 1 the only points whose x is 0.
constexpr Point minus_one() {
  Point y = prime();
  y[0] -= 1;
  return y;
}

bool is_below(const Point& a, const Point& b) {
  return std::lexicographical_compare(a.rbegin(), a.rend(), b.rbegin(), b.rend());
}

}  // namespace

Result<void> prepare_sodium() {
  static const int result = sodium_init();
  constexpr int kPrepared = 0;
  constexpr int kPreparedBefore = 1;  // by another part of the process
  if (result == kPrepared || result == kPreparedBefore) return {};
  return fail(Errc::unavailable, "libsodium cannot be prepared");
}

bool is_canonical(const Point& bytes) {
  Point y = bytes;
  y[kLast] &= static_cast<std::uint8_t>(~kSignBit);
  const bool has_sign = y != bytes;
  const bool x_is_zero = y == identity() || y == minus_one();
  return is_below(y, prime()) && !(has_sign && x_is_zero);
}

bool is_reduced(const Scalar& scalar) {
  std::array<std::uint8_t, crypto_core_ed25519_NONREDUCEDSCALARBYTES> wide{};
  std::copy(scalar.begin(), scalar.end(), wide.begin());
  Scalar reduced;
  crypto_core_ed25519_scalar_reduce(reduced.data(), wide.data());
  return reduced == scalar;
}

bool is_identity(const Point& point) { return point == identity(); }

Result<Point> decode_public_key(ByteView bytes) {
  Point point;
  if (bytes.size() != point.size()) return fail(Errc::malformed, "not a point of 32 bytes");
  std::copy(bytes.begin(), bytes.end(), point.begin());
  KT_TRY(prepare_sodium());
  if (!is_canonical(point) || crypto_core_ed25519_is_valid_point(point.data()) != 1)
    return fail(Errc::malformed, "not a point of edwards25519 of prime order");
  return point;
}

std::optional<Point> multiply_by_cofactor(const Point& point) {
  Point product = point;
  for (int doubling = 0; doubling < 3; ++doubling) {
    const Point operand = product;
    if (crypto_core_ed25519_add(product.data(), operand.data(), operand.data()) != 0)
      return std::nullopt;
  }
  return product;
}

std::optional<Point> multiply_base(const Scalar& scalar) {
  Point product;
  if (crypto_scalarmult_ed25519_base_noclamp(product.data(), scalar.data()) != 0)
    return std::nullopt;
  return product;
}

std::optional<Point> multiply(const Scalar& scalar, const Point& point) {
  Point product;
  if (crypto_scalarmult_ed25519_noclamp(product.data(), scalar.data(), point.data()) != 0)
    return std::nullopt;
  return product;
}

std::optional<Point> subtract(const Point& a, const Point& b) {
  Point difference;
  if (crypto_core_ed25519_sub(difference.data(), a.data(), b.data()) != 0) return std::nullopt;
  return difference;
}

}  // namespace kt::keytrans::ed25519
