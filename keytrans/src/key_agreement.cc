#include "keytrans/key_agreement.h"

#include <algorithm>

#include <openssl/rand.h>

#include "p256.h"
#include "pkey.h"

namespace kt::keytrans {
namespace {

constexpr std::size_t kSecretSize = 32;
constexpr std::size_t kAgreedSize = 32;
constexpr CipherSuite kP256Suite = CipherSuite::KT_128_SHA256_P256;

Result<PkeyPtr> x25519_from_secret(ByteView secret) {
  if (secret.size() != kSecretSize)
    return fail(Errc::malformed, "not an X25519 private key of 32 bytes");
  PkeyPtr key(EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, secret.data(), secret.size()));
  if (key == nullptr) return library_failure();
  return key;
}

Result<Bytes> x25519_public_key_of(const EVP_PKEY* key) {
  Bytes bytes(dh_public_key_size(DhGroup::X25519));
  std::size_t size = bytes.size();
  if (EVP_PKEY_get_raw_public_key(key, bytes.data(), &size) != 1 || size != bytes.size())
    return library_failure();
  return bytes;
}

// This thread's X25519 key of others, which is given another value for each agreement. Making a new
// one takes a tenth of the time that agreeing does.
EVP_PKEY* x25519_peer() {
  thread_local const PkeyPtr peer([] {
    const Bytes any(dh_public_key_size(DhGroup::X25519), 9);
    return EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nullptr, any.data(), any.size());
  }());
  return peer.get();
}

Result<PkeyPtr> p256_peer(ByteView public_key) {
  P256Uncompressed point;
  std::copy(public_key.begin(), public_key.end(), point.begin());
  KT_TRY(const P256 curve, P256::create());
  KT_TRY(curve.decode(point));
  return p256_public_pkey(point);
}

Result<SecretBytes> agree_with(const EVP_PKEY_CTX* agreement, EVP_PKEY* peer) {
  const PkeyCtxPtr context(EVP_PKEY_CTX_dup(agreement));
  if (context == nullptr) return library_failure();
  SecretBytes agreed(kAgreedSize);
  std::size_t size = agreed.size();
  // The peer's point has been checked where there is something to check. X25519 fails for points of
  // low order, of which nothing else is wrong.
  if (EVP_PKEY_derive_set_peer_ex(context.get(), peer, 0) != 1 ||
      EVP_PKEY_derive(context.get(), agreed.writable().data(), &size) != 1 || size != agreed.size())
    return fail(Errc::malformed, "the public key is not one to agree with");
  return agreed;
}

Result<SecretBytes> new_secret(DhGroup group) {
  if (group == DhGroup::P256) return generate_secret(kP256Suite);
  SecretBytes secret(kSecretSize);
  if (RAND_priv_bytes(secret.writable().data(), static_cast<int>(kSecretSize)) != 1)
    return library_failure();
  return secret;
}

}  // namespace

Result<DhPrivateKey> DhPrivateKey::generate(DhGroup group) {
  KT_TRY(const SecretBytes secret, new_secret(group));
  return from_secret(group, secret.view());
}

Result<DhPrivateKey> DhPrivateKey::from_secret(DhGroup group, ByteView secret) {
  const ErrorQueueGuard guard;
  const bool x25519 = group == DhGroup::X25519;
  KT_TRY(const PkeyPtr key,
         x25519 ? x25519_from_secret(secret) : pkey_from_secret(kP256Suite, secret));
  KT_TRY(Bytes public_key,
         x25519 ? x25519_public_key_of(key.get()) : public_key_of(kP256Suite, key.get()));
  ContextPtr agreement(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr), EVP_PKEY_CTX_free);
  if (agreement == nullptr || EVP_PKEY_derive_init(agreement.get()) != 1) return library_failure();
  return DhPrivateKey(group, std::move(agreement), SecretBytes::copy_of(secret),
                      std::move(public_key));
}

Result<SecretBytes> DhPrivateKey::agree(ByteView public_key) const {
  const ErrorQueueGuard guard;
  if (public_key.size() != dh_public_key_size(group_))
    return fail(Errc::malformed, "the public key has the wrong size");
  if (group_ == DhGroup::P256) {
    KT_TRY(const PkeyPtr peer, p256_peer(public_key));
    return agree_with(agreement_.get(), peer.get());
  }
  EVP_PKEY* const peer = x25519_peer();
  if (peer == nullptr ||
      EVP_PKEY_set1_encoded_public_key(peer, public_key.data(), public_key.size()) != 1)
    return library_failure();
  return agree_with(agreement_.get(), peer);
}

}  // namespace kt::keytrans
