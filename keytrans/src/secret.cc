#include "keytrans/secret.h"

#include <utility>

#include <openssl/crypto.h>

#include "keytrans/result.h"

namespace kt::keytrans {

SecretBytes SecretBytes::copy_of(ByteView bytes) {
  SecretBytes secret;
  secret.bytes_ = to_bytes(bytes);
  return secret;
}

SecretBytes& SecretBytes::operator=(SecretBytes&& other) noexcept {
  if (this != &other) {
    shorten(0);
    bytes_ = std::move(other.bytes_);
  }
  return *this;
}

SecretBytes::~SecretBytes() { shorten(0); }

void SecretBytes::shorten(std::size_t size) {
  KT_ASSERT(size <= bytes_.size());
  OPENSSL_cleanse(bytes_.data() + size, bytes_.size() - size);
  bytes_.resize(size);
}

bool SecretBytes::equal(ByteView other) const {
  return bytes_.size() == other.size() &&
         CRYPTO_memcmp(bytes_.data(), other.data(), other.size()) == 0;
}

}  // namespace kt::keytrans
