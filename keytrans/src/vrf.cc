#include "keytrans/vrf.h"

#include <utility>

#include "openssl.h"
#include "pkey.h"
#include "vrf_suites.h"

namespace kt::keytrans {

VrfPrivateKey::VrfPrivateKey(CipherSuite suite, SecretBytes secret,
                             std::unique_ptr<const VrfProver> prover)
    : suite_(suite), secret_(std::move(secret)), prover_(std::move(prover)) {}

VrfPrivateKey::VrfPrivateKey(VrfPrivateKey&&) noexcept = default;
VrfPrivateKey& VrfPrivateKey::operator=(VrfPrivateKey&&) noexcept = default;
VrfPrivateKey::~VrfPrivateKey() = default;

Result<VrfPrivateKey> VrfPrivateKey::generate(CipherSuite suite) {
  const ErrorQueueGuard guard;
  KT_TRY(const SecretBytes secret, generate_secret(suite));
  return from_secret(suite, secret.view());
}

Result<VrfPrivateKey> VrfPrivateKey::from_secret(CipherSuite suite, ByteView sk) {
  const ErrorQueueGuard guard;
  KT_TRY(auto prover,
         suite == CipherSuite::KT_128_SHA256_P256 ? make_p256_prover(sk) : make_ed25519_prover(sk));
  return VrfPrivateKey(suite, SecretBytes::copy_of(sk), std::move(prover));
}

Result<VrfPrivateKey> VrfPrivateKey::from_pem(CipherSuite suite, std::string_view pem) {
  const ErrorQueueGuard guard;
  KT_TRY(const SecretBytes secret, secret_from_pem(suite, pem));
  return from_secret(suite, secret.view());
}

Result<SecretBytes> VrfPrivateKey::to_pem() const {
  const ErrorQueueGuard guard;
  KT_TRY(const PkeyPtr key, pkey_from_secret(suite_, secret_.view()));
  return pkey_to_pem(key.get());
}

const Bytes& VrfPrivateKey::public_key() const { return prover_->public_key(); }

Result<VrfOutputAndProof> VrfPrivateKey::prove(ByteView alpha) const {
  const ErrorQueueGuard guard;
  return prover_->prove(alpha);
}

VrfPublicKey::VrfPublicKey(CipherSuite suite, std::shared_ptr<const VrfVerifier> verifier)
    : suite_(suite), verifier_(std::move(verifier)) {}

Result<VrfPublicKey> VrfPublicKey::parse(CipherSuite suite, ByteView public_key) {
  const ErrorQueueGuard guard;
  KT_TRY(auto verifier, suite == CipherSuite::KT_128_SHA256_P256
                            ? make_p256_verifier(public_key)
                            : make_ed25519_verifier(public_key));
  return VrfPublicKey(suite, std::move(verifier));
}

Result<HashValue> VrfPublicKey::verify(ByteView alpha, ByteView proof) const {
  const ErrorQueueGuard guard;
  return verifier_->verify(alpha, proof);
}

}  // namespace kt::keytrans
