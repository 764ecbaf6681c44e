// Hybrid Public Key Encryption, base mode: what a sender seals to a public key, and what both sides
// can derive from it.
//
// A context seals or opens messages in order, each under the next number. A message that does not
// open does not count.
//
// Source: RFC 9180. Thread rule: keys and `HpkeInfo` const from any thread; a context belongs to
// one thread at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "keytrans/aead.h"
#include "keytrans/bytes.h"
#include "keytrans/hkdf.h"
#include "keytrans/key_agreement.h"
#include "keytrans/result.h"
#include "keytrans/secret.h"

namespace kt::federation {

// Section 7.1
enum class HpkeKem : std::uint16_t { P256_HKDF_SHA256 = 0x0010, X25519_HKDF_SHA256 = 0x0020 };
// Section 7.2
enum class HpkeKdf : std::uint16_t { HKDF_SHA256 = 0x0001, HKDF_SHA512 = 0x0003 };
// Section 7.3
enum class HpkeAead : std::uint16_t {
  AES_128_GCM = 0x0001,
  AES_256_GCM = 0x0002,
  ChaCha20Poly1305 = 0x0003,
  export_only = 0xffff,
};

// The enumerator that `number` is; nothing for algorithms that are not here.
[[nodiscard]] std::optional<HpkeKem> hpke_kem(std::uint16_t number);
[[nodiscard]] std::optional<HpkeKdf> hpke_kdf(std::uint16_t number);
[[nodiscard]] std::optional<HpkeAead> hpke_aead(std::uint16_t number);

struct HpkeSuite {
  HpkeKem kem;
  HpkeKdf kdf;
  HpkeAead aead;

  friend bool operator==(const HpkeSuite&, const HpkeSuite&) = default;
};

// What they are made of. Nothing for export_only.
[[nodiscard]] keytrans::DhGroup hpke_group(HpkeKem kem);
[[nodiscard]] keytrans::HkdfHash hpke_hash(HpkeKdf kdf);
[[nodiscard]] std::optional<keytrans::Aead> hpke_cipher(HpkeAead aead);

// Npk, which is also Nenc.
[[nodiscard]] std::size_t hpke_public_key_size(HpkeKem kem);

inline constexpr std::size_t kHpkeNonceSize = keytrans::kAeadNonceSize;  // Nn

// Nk; 0 for export_only.
[[nodiscard]] std::size_t hpke_key_size(HpkeAead aead);

// ComputeNonce of Section 5.2: `base_nonce` XOR `number`. Requires: it has kHpkeNonceSize bytes.
[[nodiscard]] std::array<std::uint8_t, kHpkeNonceSize> hpke_nonce(ByteView base_nonce,
                                                                  std::uint64_t number);

// What a suite and an application's info contribute to every context, hashed once.
class HpkeInfo {
 public:
  HpkeInfo(HpkeSuite suite, ByteView info);

  [[nodiscard]] HpkeSuite suite() const { return suite_; }
  // key_schedule_context of Section 5.1.
  [[nodiscard]] ByteView key_schedule_context() const { return context_; }

 private:
  HpkeSuite suite_;
  Bytes context_;
};

class HpkeContext {
 public:
  // Errors: rejected when the suite is for export only, or all numbers are used up; unavailable
  // when libcrypto fails.
  [[nodiscard]] Result<Bytes> seal(ByteView aad, ByteView plaintext);

  // Errors: verification_failed when `ciphertext` is not the next one; the others as above.
  [[nodiscard]] Result<Bytes> open(ByteView aad, ByteView ciphertext);

  // Section 5.3. Requires: size is at most 255 hashes.
  [[nodiscard]] keytrans::SecretBytes export_secret(ByteView context, std::size_t size) const;

 private:
  friend HpkeContext hpke_context(const HpkeInfo& info, ByteView shared_secret);

  HpkeContext(HpkeSuite suite, keytrans::SecretBytes key, keytrans::SecretBytes base_nonce,
              keytrans::SecretBytes exporter_secret);

  [[nodiscard]] Result<std::array<std::uint8_t, kHpkeNonceSize>> next_nonce() const;

  HpkeSuite suite_;
  keytrans::SecretBytes key_;
  keytrans::SecretBytes base_nonce_;
  keytrans::SecretBytes exporter_secret_;
  std::uint64_t sequence_ = 0;
};

struct HpkeSender {
  Bytes enc;  // for the receiver
  HpkeContext context;
};

// SetupBaseS. Errors: malformed when `public_key` is not one of the suite's; unavailable when
// libcrypto fails.
[[nodiscard]] Result<HpkeSender> setup_base_sender(const HpkeInfo& info, ByteView public_key);

// The same with the ephemeral key given, which must be used once only.
// Requires: it is of the suite's group.
[[nodiscard]] Result<HpkeSender> setup_base_sender(const HpkeInfo& info, ByteView public_key,
                                                   const keytrans::DhPrivateKey& ephemeral);

// SetupBaseR. Errors: malformed when `enc` is not a public key of the suite.
// Requires: `key` is of the suite's group.
[[nodiscard]] Result<HpkeContext> setup_base_receiver(const HpkeInfo& info, ByteView enc,
                                                      const keytrans::DhPrivateKey& key);

}  // namespace kt::federation
