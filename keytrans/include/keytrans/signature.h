// The signature algorithms of the cipher suites (KT Cipher Suites).
//
// | suite                 | algorithm                 | public key                   | signature |
// |-----------------------|---------------------------|------------------------------|-----------|
// | KT_128_SHA256_P256    | ECDSA, SHA-256            | uncompressed point, 65 bytes | r || s    |
// | KT_128_SHA256_Ed25519 | Ed25519 (RFC 8032, 5.1)   | 32 bytes                     | R || S    |
//
// Both kinds of signature have 64 bytes; r and s are big-endian. A moved-from key may only be
// assigned to or destroyed.
//
// Errors besides those listed at each function: unavailable when libcrypto itself fails.
// Thread rule: const functions from any thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "keytrans/bytes.h"
#include "keytrans/cipher_suite.h"
#include "keytrans/result.h"
#include "keytrans/secret.h"

struct evp_pkey_st;  // OpenSSL's EVP_PKEY

namespace kt::keytrans {

inline constexpr std::size_t kSignatureSize = 64;

class SigningKey {
 public:
  // A fresh key from the system's randomness.
  [[nodiscard]] static Result<SigningKey> generate(CipherSuite suite);

  // The first unencrypted PKCS#8 "PRIVATE KEY" of `pem`.
  // Errors: malformed when there is none or it is not a key of `suite`.
  [[nodiscard]] static Result<SigningKey> from_pem(CipherSuite suite, std::string_view pem);

  // Unencrypted PKCS#8, the form `from_pem` reads.
  [[nodiscard]] Result<SecretBytes> to_pem() const;

  // Encoded as `VerifyingKey::parse` takes it.
  [[nodiscard]] const Bytes& public_key() const { return public_key_; }
  [[nodiscard]] CipherSuite suite() const { return suite_; }

  [[nodiscard]] Result<Bytes> sign(ByteView message) const;

 private:
  using Key = std::unique_ptr<evp_pkey_st, void (*)(evp_pkey_st*)>;

  SigningKey(CipherSuite suite, Key key, Bytes public_key);
  [[nodiscard]] static Result<SigningKey> from_secret(CipherSuite suite, ByteView secret);

  CipherSuite suite_;
  Key key_;
  Bytes public_key_;
};

// Copies share one parsed key, which never changes.
class VerifyingKey {
 public:
  // Errors: malformed unless `public_key` is the one canonical encoding of a valid key: for P-256
  // a point of the curve other than infinity; for Ed25519 a point of the curve's large subgroup,
  // where RFC 8032 would also decode points that no private key leads to.
  [[nodiscard]] static Result<VerifyingKey> parse(CipherSuite suite, ByteView public_key);

  // Errors: malformed unless `signature` has 64 bytes, verification_failed unless the key's owner
  // signed `message`.
  [[nodiscard]] Result<void> verify(ByteView message, ByteView signature) const;

  [[nodiscard]] CipherSuite suite() const { return suite_; }

 private:
  VerifyingKey(CipherSuite suite, std::shared_ptr<evp_pkey_st> key);

  CipherSuite suite_;
  std::shared_ptr<evp_pkey_st> key_;
};

}  // namespace kt::keytrans
