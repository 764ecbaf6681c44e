// HKDF over SHA-256 and SHA-512.
//
// Source: RFC 5869. Thread rule: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>

#include "keytrans/bytes.h"
#include "keytrans/secret.h"

namespace kt::keytrans {

enum class HkdfHash : std::uint8_t { SHA256, SHA512 };

// Nh: the size of a pseudorandom key.
[[nodiscard]] constexpr std::size_t hkdf_hash_size(HkdfHash hash) {
  return hash == HkdfHash::SHA256 ? 32 : 64;
}

inline constexpr std::size_t kMaxHkdfPieces = 6;

// A pseudorandom key from the input key material that `pieces` are, one after the other.
// Requires: at most kMaxHkdfPieces.
[[nodiscard]] SecretBytes hkdf_extract(HkdfHash hash, ByteView salt,
                                       std::initializer_list<ByteView> pieces);

// `size` bytes for the info that `pieces` are, one after the other.
// Requires: at most kMaxHkdfPieces; size <= 255 * hkdf_hash_size(hash).
[[nodiscard]] SecretBytes hkdf_expand(HkdfHash hash, ByteView key,
                                      std::initializer_list<ByteView> pieces, std::size_t size);

}  // namespace kt::keytrans
