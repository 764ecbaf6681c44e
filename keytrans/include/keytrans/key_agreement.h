// Diffie-Hellman with X25519 and P-256.
//
// Source: RFC 7748, Section 6.1; SP 800-56A, Section 5.7.1.2. Thread rule: const use from any
// thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "keytrans/bytes.h"
#include "keytrans/result.h"
#include "keytrans/secret.h"

struct evp_pkey_ctx_st;  // OpenSSL's EVP_PKEY_CTX

namespace kt::keytrans {

enum class DhGroup : std::uint8_t { X25519, P256 };

// X25519's 32 bytes, or P-256's uncompressed point.
[[nodiscard]] constexpr std::size_t dh_public_key_size(DhGroup group) {
  return group == DhGroup::X25519 ? 32 : 65;
}

// A private key with its public key. A moved-from one may only be assigned to or destroyed.
class DhPrivateKey {
 public:
  // Errors: unavailable when libcrypto fails.
  [[nodiscard]] static Result<DhPrivateKey> generate(DhGroup group);

  // X25519's 32 bytes, or P-256's scalar in 32, big-endian.
  // Errors: malformed when `secret` is not a private key of `group`.
  [[nodiscard]] static Result<DhPrivateKey> from_secret(DhGroup group, ByteView secret);

  [[nodiscard]] DhGroup group() const { return group_; }
  [[nodiscard]] const Bytes& public_key() const { return public_key_; }

  // What `from_secret` takes.
  [[nodiscard]] const SecretBytes& secret() const { return secret_; }

  // The 32 bytes that both sides have in common. They are no key yet.
  // Errors: malformed when `public_key` is not a public key of the group, or one with which all
  // private keys agree on the same.
  [[nodiscard]] Result<SecretBytes> agree(ByteView public_key) const;

 private:
  using ContextPtr = std::unique_ptr<evp_pkey_ctx_st, void (*)(evp_pkey_ctx_st*)>;

  DhPrivateKey(DhGroup group, ContextPtr agreement, SecretBytes secret, Bytes public_key)
      : group_(group),
        agreement_(std::move(agreement)),
        secret_(std::move(secret)),
        public_key_(std::move(public_key)) {}

  DhGroup group_;
  ContextPtr agreement_;  // with this key, and no peer yet; copied for each use
  SecretBytes secret_;
  Bytes public_key_;
};

}  // namespace kt::keytrans
