#include "federation/hpke.h"

#include <algorithm>
#include <limits>
#include <string_view>
#include <utility>

namespace kt::federation {
namespace {

using keytrans::DhGroup;
using keytrans::DhPrivateKey;
using keytrans::HkdfHash;
using keytrans::SecretBytes;

ByteView view_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

constexpr std::string_view kVersion = "HPKE-v1";
constexpr std::uint8_t kModeBase = 0;

// Of both KEMs (Section 7.1).
constexpr HkdfHash kKemHash = HkdfHash::SHA256;
constexpr std::size_t kSharedSecretSize = 32;

// suite_id of Sections 4.1 and 5.1.
class SuiteId {
 public:
  explicit SuiteId(HpkeKem kem) {
    append("KEM");
    append(static_cast<std::uint16_t>(kem));
  }
  explicit SuiteId(HpkeSuite suite) {
    append("HPKE");
    append(static_cast<std::uint16_t>(suite.kem));
    append(static_cast<std::uint16_t>(suite.kdf));
    append(static_cast<std::uint16_t>(suite.aead));
  }

  [[nodiscard]] ByteView view() const { return ByteView(bytes_).first(size_); }

 private:
  void append(std::string_view text) {
    for (const char c : text) bytes_.at(size_++) = static_cast<std::uint8_t>(c);
  }
  void append(std::uint16_t number) {
    bytes_.at(size_++) = static_cast<std::uint8_t>(number >> 8U);
    bytes_.at(size_++) = static_cast<std::uint8_t>(number);
  }

  std::array<std::uint8_t, 10> bytes_{};
  std::size_t size_ = 0;
};

// Section 4
SecretBytes labeled_extract(HkdfHash hash, const SuiteId& id, ByteView salt, std::string_view label,
                            ByteView ikm) {
  return keytrans::hkdf_extract(hash, salt, {view_of(kVersion), id.view(), view_of(label), ikm});
}

SecretBytes labeled_expand(HkdfHash hash, const SuiteId& id, ByteView prk, std::string_view label,
                           ByteView info, std::size_t size) {
  const std::array<std::uint8_t, 2> length{static_cast<std::uint8_t>(size >> 8U),
                                           static_cast<std::uint8_t>(size)};
  return keytrans::hkdf_expand(hash, prk,
                               {length, view_of(kVersion), id.view(), view_of(label), info}, size);
}

// ExtractAndExpand of Section 4.1, with the kem_context of Encap and Decap.
SecretBytes shared_secret(HpkeKem kem, ByteView agreed, ByteView enc, ByteView public_key) {
  const SuiteId id(kem);
  const SecretBytes prk = labeled_extract(kKemHash, id, {}, "eae_prk", agreed);
  Bytes context = to_bytes(enc);
  context.insert(context.end(), public_key.begin(), public_key.end());
  return labeled_expand(kKemHash, id, prk.view(), "shared_secret", context, kSharedSecretSize);
}

}  // namespace

std::optional<HpkeKem> hpke_kem(std::uint16_t number) {
  switch (static_cast<HpkeKem>(number)) {
    case HpkeKem::P256_HKDF_SHA256:
    case HpkeKem::X25519_HKDF_SHA256: return static_cast<HpkeKem>(number);
  }
  return std::nullopt;
}

std::optional<HpkeKdf> hpke_kdf(std::uint16_t number) {
  switch (static_cast<HpkeKdf>(number)) {
    case HpkeKdf::HKDF_SHA256:
    case HpkeKdf::HKDF_SHA512: return static_cast<HpkeKdf>(number);
  }
  return std::nullopt;
}

std::optional<HpkeAead> hpke_aead(std::uint16_t number) {
  switch (static_cast<HpkeAead>(number)) {
    case HpkeAead::AES_128_GCM:
    case HpkeAead::AES_256_GCM:
    case HpkeAead::ChaCha20Poly1305:
    case HpkeAead::export_only: return static_cast<HpkeAead>(number);
  }
  return std::nullopt;
}

DhGroup hpke_group(HpkeKem kem) {
  return kem == HpkeKem::X25519_HKDF_SHA256 ? DhGroup::X25519 : DhGroup::P256;
}

HkdfHash hpke_hash(HpkeKdf kdf) {
  return kdf == HpkeKdf::HKDF_SHA256 ? HkdfHash::SHA256 : HkdfHash::SHA512;
}

std::optional<keytrans::Aead> hpke_cipher(HpkeAead aead) {
  switch (aead) {
    case HpkeAead::AES_128_GCM: return keytrans::Aead::AES_128_GCM;
    case HpkeAead::AES_256_GCM: return keytrans::Aead::AES_256_GCM;
    case HpkeAead::ChaCha20Poly1305: return keytrans::Aead::ChaCha20Poly1305;
    case HpkeAead::export_only: break;
  }
  return std::nullopt;
}

std::size_t hpke_public_key_size(HpkeKem kem) {
  return keytrans::dh_public_key_size(hpke_group(kem));
}

std::size_t hpke_key_size(HpkeAead aead) {
  const auto cipher = hpke_cipher(aead);
  return cipher ? keytrans::aead_key_size(*cipher) : 0;
}

std::array<std::uint8_t, kHpkeNonceSize> hpke_nonce(ByteView base_nonce, std::uint64_t number) {
  KT_ASSERT(base_nonce.size() == kHpkeNonceSize);
  std::array<std::uint8_t, kHpkeNonceSize> nonce{};
  std::copy(base_nonce.begin(), base_nonce.end(), nonce.begin());
  for (std::size_t i = 0; i < sizeof(number); ++i) {
    std::uint8_t& byte = nonce.at(nonce.size() - 1 - i);
    byte = static_cast<std::uint8_t>(byte ^ (number >> (8 * i)));
  }
  return nonce;
}

// KeySchedule of Section 5.1, up to what depends on the shared secret. Base mode has no PSK.
HpkeInfo::HpkeInfo(HpkeSuite suite, ByteView info) : suite_(suite), context_{kModeBase} {
  const HkdfHash hash = hpke_hash(suite.kdf);
  const SuiteId id(suite);
  const SecretBytes psk_id_hash = labeled_extract(hash, id, {}, "psk_id_hash", {});
  const SecretBytes info_hash = labeled_extract(hash, id, {}, "info_hash", info);
  for (const ByteView part : {psk_id_hash.view(), info_hash.view()})
    context_.insert(context_.end(), part.begin(), part.end());
}

HpkeContext::HpkeContext(HpkeSuite suite, SecretBytes key, SecretBytes base_nonce,
                         SecretBytes exporter_secret)
    : suite_(suite),
      key_(std::move(key)),
      base_nonce_(std::move(base_nonce)),
      exporter_secret_(std::move(exporter_secret)) {}

// KeySchedule of Section 5.1, the rest.
HpkeContext hpke_context(const HpkeInfo& info, ByteView shared_secret) {
  const HpkeSuite suite = info.suite();
  const HkdfHash hash = hpke_hash(suite.kdf);
  const SuiteId id(suite);
  const SecretBytes secret = labeled_extract(hash, id, shared_secret, "secret", {});
  const auto expand = [&](std::string_view label, std::size_t size) {
    return labeled_expand(hash, id, secret.view(), label, info.key_schedule_context(), size);
  };
  SecretBytes key;
  SecretBytes base_nonce;
  if (suite.aead != HpkeAead::export_only) {
    key = expand("key", hpke_key_size(suite.aead));
    base_nonce = expand("base_nonce", kHpkeNonceSize);
  }
  return {suite, std::move(key), std::move(base_nonce), expand("exp", hkdf_hash_size(hash))};
}

Result<std::array<std::uint8_t, kHpkeNonceSize>> HpkeContext::next_nonce() const {
  if (suite_.aead == HpkeAead::export_only)
    return fail(Errc::rejected, "the suite is for export only");
  if (sequence_ == std::numeric_limits<std::uint64_t>::max())
    return fail(Errc::rejected, "all messages of the context are used up");
  return hpke_nonce(base_nonce_.view(), sequence_);
}

Result<Bytes> HpkeContext::seal(ByteView aad, ByteView plaintext) {
  KT_TRY(const auto nonce, next_nonce());
  KT_TRY(Bytes sealed,
         keytrans::aead_seal(*hpke_cipher(suite_.aead), key_.view(), nonce, aad, plaintext));
  ++sequence_;
  return sealed;
}

Result<Bytes> HpkeContext::open(ByteView aad, ByteView ciphertext) {
  KT_TRY(const auto nonce, next_nonce());
  KT_TRY(Bytes opened,
         keytrans::aead_open(*hpke_cipher(suite_.aead), key_.view(), nonce, aad, ciphertext));
  ++sequence_;
  return opened;
}

SecretBytes HpkeContext::export_secret(ByteView context, std::size_t size) const {
  return labeled_expand(hpke_hash(suite_.kdf), SuiteId(suite_), exporter_secret_.view(), "sec",
                        context, size);
}

Result<HpkeSender> setup_base_sender(const HpkeInfo& info, ByteView public_key) {
  KT_TRY(const DhPrivateKey ephemeral, DhPrivateKey::generate(hpke_group(info.suite().kem)));
  return setup_base_sender(info, public_key, ephemeral);
}

Result<HpkeSender> setup_base_sender(const HpkeInfo& info, ByteView public_key,
                                     const DhPrivateKey& ephemeral) {
  const HpkeKem kem = info.suite().kem;
  KT_ASSERT(ephemeral.group() == hpke_group(kem));
  KT_TRY(const SecretBytes agreed, ephemeral.agree(public_key));
  const Bytes& enc = ephemeral.public_key();
  const SecretBytes secret = shared_secret(kem, agreed.view(), enc, public_key);
  return HpkeSender{enc, hpke_context(info, secret.view())};
}

Result<HpkeContext> setup_base_receiver(const HpkeInfo& info, ByteView enc,
                                        const DhPrivateKey& key) {
  const HpkeKem kem = info.suite().kem;
  KT_ASSERT(key.group() == hpke_group(kem));
  KT_TRY(const SecretBytes agreed, key.agree(enc));
  const SecretBytes secret = shared_secret(kem, agreed.view(), enc, key.public_key());
  return hpke_context(info, secret.view());
}

}  // namespace kt::federation
