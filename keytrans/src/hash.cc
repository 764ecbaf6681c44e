#include "keytrans/hash.h"

#include <algorithm>

#include "cleansed.h"
#include "keytrans/result.h"
#include "openssl.h"

namespace kt::keytrans {
namespace {

using Block = std::array<std::uint8_t, 64>;  // SHA-256's input block

// Fetched once: libcrypto's own one-shot SHA256() looks the algorithm up by name on every call,
// which takes longer than hashing a tree node.
const EVP_MD* sha256_algorithm() {
  static const MdPtr algorithm(EVP_MD_fetch(nullptr, "SHA256", nullptr));
  KT_ASSERT(algorithm != nullptr);
  return algorithm.get();
}

EVP_MD_CTX* new_context() {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  KT_ASSERT(context != nullptr);
  return context;
}

void start(EVP_MD_CTX* context) {
  KT_ASSERT(EVP_DigestInit_ex2(context, sha256_algorithm(), nullptr) == 1);
}

void absorb(EVP_MD_CTX* context, ByteView bytes) {
  KT_ASSERT(EVP_DigestUpdate(context, bytes.data(), bytes.size()) == 1);
}

HashValue finish(EVP_MD_CTX* context) {
  HashValue hash;
  KT_ASSERT(EVP_DigestFinal_ex(context, hash.data(), nullptr) == 1);
  return hash;
}

// This thread's context for whole inputs. Allocating one for each costs half as much again as
// hashing a tree node.
EVP_MD_CTX* scratch() {
  thread_local const MdCtxPtr context(new_context());
  return context.get();
}

HashValue hash_pieces(ByteView first, std::initializer_list<ByteView> others) {
  EVP_MD_CTX* context = scratch();
  start(context);
  absorb(context, first);
  for (const ByteView piece : others) absorb(context, piece);
  return finish(context);
}

// RFC 2104, section 2: the key filled up with zeros, XORed with `pad`.
Block padded_key(ByteView key, std::uint8_t pad) {
  Block block{};
  std::copy(key.begin(), key.end(), block.begin());
  for (std::uint8_t& byte : block) byte ^= pad;
  return block;
}

}  // namespace

HashValue sha256(ByteView bytes) { return sha256({bytes}); }

HashValue sha256(std::initializer_list<ByteView> pieces) { return hash_pieces({}, pieces); }

HashValue hmac_sha256(ByteView key, ByteView data) { return hmac_sha256(key, {data}); }

// Written out because EVP_MAC either costs three times as much for inputs of our size or keeps the
// key in a context that is used again.
HashValue hmac_sha256(ByteView key, std::initializer_list<ByteView> pieces) {
  if (key.size() > std::tuple_size_v<Block>) {
    const Cleansed<HashValue> short_key{sha256(key)};
    return hmac_sha256(short_key.value, pieces);
  }
  const Cleansed<Block> inner_key{padded_key(key, 0x36)};
  const Cleansed<Block> outer_key{padded_key(key, 0x5c)};
  const Cleansed<HashValue> inner{hash_pieces(inner_key.value, pieces)};
  return hash_pieces(outer_key.value, {inner.value});
}

Sha256::Sha256() : context_(new_context(), EVP_MD_CTX_free) { start(context_.get()); }

Sha256& Sha256::update(ByteView bytes) {
  absorb(context_.get(), bytes);
  return *this;
}

HashValue Sha256::finish() {
  const HashValue hash = keytrans::finish(context_.get());
  start(context_.get());
  return hash;
}

}  // namespace kt::keytrans
