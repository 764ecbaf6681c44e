// The group of edwards25519 over libsodium.
//
// libsodium is stricter than RFC 8032's decoding wherever it multiplies a point: it takes only
// canonical encodings of points that lie in the subgroup of prime order L, and it refuses results
// that are the identity. Each use says what that means for it.
#pragma once

#include <array>
#include <optional>

#include "keytrans/bytes.h"
#include "keytrans/result.h"

namespace kt::keytrans::ed25519 {

using Point = std::array<std::uint8_t, 32>;   // encoded, RFC 8032, 5.1.2
using Scalar = std::array<std::uint8_t, 32>;  // little-endian

// Prepares libsodium, once for the process.
// Errors: unavailable when it cannot be.
[[nodiscard]] Result<void> prepare_sodium();

// Whether `bytes` is an encoding RFC 8032 (5.1.3, steps 1 and 4) accepts, apart from being on the
// curve: y below p, and no sign where x is 0.
[[nodiscard]] bool is_canonical(const Point& bytes);

// Whether `scalar` is below L.
[[nodiscard]] bool is_reduced(const Scalar& scalar);

[[nodiscard]] bool is_identity(const Point& point);

// A public key in the one form we accept: canonical, on the curve, of order L.
// Errors: malformed when `bytes` is anything else.
[[nodiscard]] Result<Point> decode_public_key(ByteView bytes);

// 8 * point; nothing when `point` is not on the curve. Variable time.
[[nodiscard]] std::optional<Point> multiply_by_cofactor(const Point& point);

// The operations below have no value when libsodium refuses an operand or result; see above.
// Multiplications take time that does not depend on the scalar.
[[nodiscard]] std::optional<Point> multiply_base(const Scalar& scalar);
[[nodiscard]] std::optional<Point> multiply(const Scalar& scalar, const Point& point);
[[nodiscard]] std::optional<Point> subtract(const Point& a, const Point& b);

}  // namespace kt::keytrans::ed25519
