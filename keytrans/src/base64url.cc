#include "keytrans/base64url.h"

#include <sodium.h>

namespace kt {
namespace {

constexpr int kVariant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

}  // namespace

std::string to_base64url(ByteView bytes) {
  std::string text(sodium_base64_encoded_len(bytes.size(), kVariant), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(), kVariant);
  text.pop_back();  // the zero at its end
  return text;
}

std::optional<Bytes> from_base64url(std::string_view text) {
  // libsodium 1.0.18 takes some bytes from 0x80 on for characters of the alphabet.
  if (text.find_first_not_of(kAlphabet) != std::string_view::npos) return std::nullopt;
  Bytes bytes(text.size() / 4 * 3 + 3);
  std::size_t size = 0;
  if (sodium_base642bin(bytes.data(), bytes.size(), text.data(), text.size(), nullptr, &size,
                        nullptr, kVariant) != 0)
    return std::nullopt;
  bytes.resize(size);
  return bytes;
}

}  // namespace kt
