#include "keytrans/aead.h"

#include <climits>

#include "openssl.h"

namespace kt::keytrans {
namespace {

using CipherPtr = Owned<EVP_CIPHER, EVP_CIPHER_free>;
using CipherCtxPtr = Owned<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;

// Fetched once, as looking an algorithm up by its name takes longer than encrypting a request.
const EVP_CIPHER* algorithm(Aead aead) {
  static const CipherPtr aes_128(EVP_CIPHER_fetch(nullptr, "AES-128-GCM", nullptr));
  static const CipherPtr aes_256(EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr));
  static const CipherPtr chacha(EVP_CIPHER_fetch(nullptr, "ChaCha20-Poly1305", nullptr));
  switch (aead) {
    case Aead::AES_128_GCM: return aes_128.get();
    case Aead::AES_256_GCM: return aes_256.get();
    case Aead::ChaCha20Poly1305: return chacha.get();
  }
  return nullptr;
}

void require_sizes(Aead aead, ByteView key, ByteView nonce) {
  KT_ASSERT(key.size() == aead_key_size(aead) && nonce.size() == kAeadNonceSize);
}

// EVP counts in int.
bool is_countable(ByteView bytes) { return bytes.size() <= INT_MAX - kAeadTagSize; }

int size_of(ByteView bytes) { return static_cast<int>(bytes.size()); }

}  // namespace

Result<Bytes> aead_seal(Aead aead, ByteView key, ByteView nonce, ByteView aad, ByteView plaintext) {
  require_sizes(aead, key, nonce);
  const ErrorQueueGuard guard;
  const CipherCtxPtr context(EVP_CIPHER_CTX_new());
  Bytes sealed(plaintext.size() + kAeadTagSize);
  std::uint8_t* const tag = sealed.data() + plaintext.size();
  int size = 0;
  if (!is_countable(aad) || !is_countable(plaintext) || context == nullptr ||
      EVP_EncryptInit_ex2(context.get(), algorithm(aead), key.data(), nonce.data(), nullptr) != 1 ||
      EVP_EncryptUpdate(context.get(), nullptr, &size, aad.data(), size_of(aad)) != 1 ||
      EVP_EncryptUpdate(context.get(), sealed.data(), &size, plaintext.data(),
                        size_of(plaintext)) != 1 ||
      size != size_of(plaintext) || EVP_EncryptFinal_ex(context.get(), tag, &size) != 1 ||
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, kAeadTagSize, tag) != 1)
    return library_failure();
  return sealed;
}

Result<Bytes> aead_open(Aead aead, ByteView key, ByteView nonce, ByteView aad,
                        ByteView ciphertext) {
  require_sizes(aead, key, nonce);
  const auto refused = fail(Errc::verification_failed, "the ciphertext does not open");
  if (ciphertext.size() < kAeadTagSize || !is_countable(ciphertext) || !is_countable(aad))
    return refused;
  const ErrorQueueGuard guard;
  const CipherCtxPtr context(EVP_CIPHER_CTX_new());
  const ByteView encrypted = ciphertext.first(ciphertext.size() - kAeadTagSize);
  // OpenSSL takes the tag it is to expect without const.
  Bytes tag = to_bytes(ciphertext.last(kAeadTagSize));
  Bytes opened(encrypted.size());
  int size = 0;
  if (context == nullptr ||
      EVP_DecryptInit_ex2(context.get(), algorithm(aead), key.data(), nonce.data(), nullptr) != 1 ||
      EVP_DecryptUpdate(context.get(), nullptr, &size, aad.data(), size_of(aad)) != 1 ||
      EVP_DecryptUpdate(context.get(), opened.data(), &size, encrypted.data(),
                        size_of(encrypted)) != 1 ||
      size != size_of(encrypted) ||
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, kAeadTagSize, tag.data()) != 1)
    return library_failure();
  if (EVP_DecryptFinal_ex(context.get(), tag.data(), &size) != 1) return refused;
  return opened;
}

}  // namespace kt::keytrans
