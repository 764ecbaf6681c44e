// The verifiable random functions of the cipher suites (KT Cipher Suites, RFC 9381).
//
// | suite                 | function                      | SK | public key           | proof |
// |-----------------------|-------------------------------|----|----------------------|-------|
// | KT_128_SHA256_P256    | ECVRF-P256-SHA256-TAI         | 32 | compressed point, 33 | 81    |
// | KT_128_SHA256_Ed25519 | ECVRF-EDWARDS25519-SHA512-TAI | 32 | point, 32            | 80    |
//
// Sizes are in bytes. Outputs have 32 bytes; those of edwards25519 are cut to that. Every point and
// scalar has one accepted encoding.
//
// The time `prove` takes does not depend on the key. It does depend on alpha, as try-and-increment
// must (RFC 9381, 5.4.1.1), and the encoded VrfInput is exactly that: whoever can time a log's VRF
// calls may learn something of the labels asked for.
//
// A secret serves one purpose. For edwards25519 the nonces of proofs and of Ed25519 signatures come
// from the same hash, so a secret used for both could be computed from what it made public.
//
// A moved-from key may only be assigned to or destroyed.
// Errors besides those listed at each function: unavailable when libcrypto or libsodium itself
// fails.
// Thread rule: const functions from any thread.
#pragma once

#include <memory>
#include <string_view>

#include "keytrans/bytes.h"
#include "keytrans/cipher_suite.h"
#include "keytrans/result.h"
#include "keytrans/secret.h"

namespace kt::keytrans {

class VrfProver;    // a suite's private key, behind VrfPrivateKey
class VrfVerifier;  // a suite's public key, behind VrfPublicKey

struct VrfOutputAndProof {
  HashValue output;
  Bytes proof;

  friend bool operator==(const VrfOutputAndProof&, const VrfOutputAndProof&) = default;
};

class VrfPrivateKey {
 public:
  // A fresh key from the system's randomness.
  [[nodiscard]] static Result<VrfPrivateKey> generate(CipherSuite suite);

  // RFC 9381's SK: for P-256 the secret scalar, big-endian; for edwards25519 the seed of RFC 8032.
  // Errors: malformed unless `sk` is 32 bytes and, for P-256, between 1 and q-1.
  [[nodiscard]] static Result<VrfPrivateKey> from_secret(CipherSuite suite, ByteView sk);

  // The first unencrypted PKCS#8 "PRIVATE KEY" of `pem`: an EC key or an Ed25519 seed.
  // Errors: malformed when there is none or it is not a key of `suite`.
  [[nodiscard]] static Result<VrfPrivateKey> from_pem(CipherSuite suite, std::string_view pem);

  // Unencrypted PKCS#8, the form `from_pem` reads.
  [[nodiscard]] Result<SecretBytes> to_pem() const;

  VrfPrivateKey(VrfPrivateKey&&) noexcept;
  VrfPrivateKey& operator=(VrfPrivateKey&&) noexcept;
  ~VrfPrivateKey();

  // Encoded as `Configuration.vrf_public_key` and `VrfPublicKey::parse` take it.
  [[nodiscard]] const Bytes& public_key() const;
  [[nodiscard]] CipherSuite suite() const { return suite_; }

  // ECVRF_prove (RFC 9381, 5.1) and ECVRF_proof_to_hash (5.2) of `alpha`.
  [[nodiscard]] Result<VrfOutputAndProof> prove(ByteView alpha) const;

 private:
  VrfPrivateKey(CipherSuite suite, SecretBytes secret, std::unique_ptr<const VrfProver> prover);

  CipherSuite suite_;
  SecretBytes secret_;
  std::unique_ptr<const VrfProver> prover_;
};

// Copies share one decoded key, which never changes.
class VrfPublicKey {
 public:
  // Decodes and validates (RFC 9381, 5.4.5), once for all proofs.
  // Errors: malformed unless `public_key` is the one canonical encoding of a valid key.
  [[nodiscard]] static Result<VrfPublicKey> parse(CipherSuite suite, ByteView public_key);

  // ECVRF_verify (RFC 9381, 5.3): the VRF output of `alpha`.
  // Errors: malformed unless `proof` decodes (5.4.4), verification_failed unless it is this key's
  // proof for `alpha`.
  [[nodiscard]] Result<HashValue> verify(ByteView alpha, ByteView proof) const;

  [[nodiscard]] CipherSuite suite() const { return suite_; }

 private:
  VrfPublicKey(CipherSuite suite, std::shared_ptr<const VrfVerifier> verifier);

  CipherSuite suite_;
  std::shared_ptr<const VrfVerifier> verifier_;
};

}  // namespace kt::keytrans
