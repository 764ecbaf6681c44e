// Encryption that notices changes: AES in Galois/Counter Mode and ChaCha20-Poly1305.
//
// Source: RFC 5116, RFC 8439. Thread rule: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>

#include "keytrans/bytes.h"
#include "keytrans/result.h"

namespace kt::keytrans {

enum class Aead : std::uint8_t { AES_128_GCM, AES_256_GCM, ChaCha20Poly1305 };

inline constexpr std::size_t kAeadNonceSize = 12;
inline constexpr std::size_t kAeadTagSize = 16;  // how much longer a ciphertext is

[[nodiscard]] constexpr std::size_t aead_key_size(Aead aead) {
  return aead == Aead::AES_128_GCM ? 16 : 32;
}

// The ciphertext of `plaintext` with its tag behind it. A nonce is used once with a key.
// Errors: unavailable when libcrypto fails.
// Requires: `key` has aead_key_size(aead) bytes, `nonce` kAeadNonceSize.
[[nodiscard]] Result<Bytes> aead_seal(Aead aead, ByteView key, ByteView nonce, ByteView aad,
                                      ByteView plaintext);

// The plaintext. Errors: verification_failed when `ciphertext` is not of this key, nonce and
// associated data; unavailable as above. Requires: as above.
[[nodiscard]] Result<Bytes> aead_open(Aead aead, ByteView key, ByteView nonce, ByteView aad,
                                      ByteView ciphertext);

}  // namespace kt::keytrans
