#include "keytrans/hkdf.h"

#include <algorithm>
#include <array>
#include <climits>

#include <openssl/hmac.h>

#include "cleansed.h"
#include "keytrans/hash.h"
#include "keytrans/result.h"
#include "openssl.h"

namespace kt::keytrans {
namespace {

// What is authenticated: the pieces between the block before and the number of this one.
constexpr std::size_t kInputPieces = kMaxHkdfPieces + 2;
using Input = std::array<ByteView, kInputPieces>;

Input input_of(std::initializer_list<ByteView> pieces) {
  KT_ASSERT(pieces.size() <= kMaxHkdfPieces);
  Input input;
  std::copy(pieces.begin(), pieces.end(), input.begin() + 1);
  return input;
}

void mac_sha256(ByteView key, const Input& input, std::span<std::uint8_t> out) {
  const auto& [a, b, c, d, e, f, g, h] = input;
  const Cleansed<HashValue> mac{hmac_sha256(key, {a, b, c, d, e, f, g, h})};
  std::copy(mac.value.begin(), mac.value.end(), out.begin());
}

void mac_sha512(ByteView key, const Input& input, std::span<std::uint8_t> out) {
  std::size_t size = 0;
  for (const ByteView piece : input) size += piece.size();
  SecretBytes data(size);
  std::span<std::uint8_t> left = data.writable();
  for (const ByteView piece : input) {
    std::copy(piece.begin(), piece.end(), left.begin());
    left = left.subspan(piece.size());
  }
  // To OpenSSL, no address is no key at all.
  static constexpr std::uint8_t kNone = 0;
  KT_ASSERT(key.size() <= INT_MAX);
  KT_ASSERT(HMAC(EVP_sha512(), key.empty() ? &kNone : key.data(), static_cast<int>(key.size()),
                 data.view().data(), size, out.data(), nullptr) != nullptr);
}

SecretBytes mac(HkdfHash hash, ByteView key, const Input& input) {
  SecretBytes out(hkdf_hash_size(hash));
  if (hash == HkdfHash::SHA256)
    mac_sha256(key, input, out.writable());
  else
    mac_sha512(key, input, out.writable());
  return out;
}

}  // namespace

SecretBytes hkdf_extract(HkdfHash hash, ByteView salt, std::initializer_list<ByteView> pieces) {
  return mac(hash, salt, input_of(pieces));
}

SecretBytes hkdf_expand(HkdfHash hash, ByteView key, std::initializer_list<ByteView> pieces,
                        std::size_t size) {
  KT_ASSERT(size <= 255 * hkdf_hash_size(hash));
  Input input = input_of(pieces);
  SecretBytes out(size);
  SecretBytes block;
  std::uint8_t number = 0;
  input.back() = {&number, 1};
  for (std::size_t done = 0; done < size; done += block.size()) {
    ++number;
    block = mac(hash, key, input);
    const ByteView part = block.view().first(std::min(block.size(), size - done));
    std::copy(part.begin(), part.end(), out.writable().subspan(done).begin());
    input.front() = block.view();
  }
  return out;
}

}  // namespace kt::keytrans
