// Keys in OpenSSL's form and in PEM.
//
// A private key of either suite, for signatures and the VRF alike, is determined by 32 bytes, its
// secret: P-256's scalar (big-endian, between 1 and q-1) or Ed25519's seed.
#pragma once

#include <string_view>

#include "keytrans/bytes.h"
#include "keytrans/cipher_suite.h"
#include "keytrans/result.h"
#include "keytrans/secret.h"
#include "openssl.h"
#include "p256.h"

namespace kt::keytrans {

[[nodiscard]] Result<SecretBytes> generate_secret(CipherSuite suite);

// OpenSSL's form of the key pair.
// Errors: malformed when `secret` is not a private key of `suite`.
[[nodiscard]] Result<PkeyPtr> pkey_from_secret(CipherSuite suite, ByteView secret);

// OpenSSL's form of a public key. Requires: `point` is one of the curve.
[[nodiscard]] Result<PkeyPtr> p256_public_pkey(const P256Uncompressed& point);

// The first unencrypted PKCS#8 "PRIVATE KEY" of `pem`.
// Errors: malformed when there is none or it is not a key of `suite`.
[[nodiscard]] Result<SecretBytes> secret_from_pem(CipherSuite suite, std::string_view pem);

// Unencrypted PKCS#8.
[[nodiscard]] Result<SecretBytes> pkey_to_pem(const EVP_PKEY* key);

// Ed25519's 32 bytes, or P-256's uncompressed point.
[[nodiscard]] Result<Bytes> public_key_of(CipherSuite suite, const EVP_PKEY* key);

}  // namespace kt::keytrans
