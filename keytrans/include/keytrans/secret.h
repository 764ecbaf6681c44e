// Bytes that must not outlive their use: private keys and what they are read from.
//
// A `SecretBytes` overwrites what it holds when it is destroyed, assigned to or shortened. It moves
// but does not copy, and does not turn into a ByteView by itself, so that a secret is never
// compared or stored by accident.
//
// Thread rule: a plain value; const use from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "keytrans/bytes.h"

namespace kt::keytrans {

class SecretBytes {
 public:
  // No bytes.
  SecretBytes() = default;

  // `size` zero bytes, to be filled through `writable`.
  explicit SecretBytes(std::size_t size) : bytes_(size) {}

  // The original stays the caller's to overwrite.
  [[nodiscard]] static SecretBytes copy_of(ByteView bytes);

  // Leaves `other` empty.
  SecretBytes(SecretBytes&& other) noexcept : bytes_(std::move(other.bytes_)) {}
  SecretBytes& operator=(SecretBytes&& other) noexcept;
  ~SecretBytes();

  [[nodiscard]] std::size_t size() const { return bytes_.size(); }

  // Views, valid until this object is moved from, shortened or destroyed.
  [[nodiscard]] ByteView view() const { return bytes_; }
  [[nodiscard]] std::span<std::uint8_t> writable() { return bytes_; }
  [[nodiscard]] std::string_view text() const {
    return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
  }

  // Keeps the first `size` bytes. Requires: size <= size().
  void shorten(std::size_t size);

  // Whether the bytes are the same, in time that depends on the sizes alone.
  [[nodiscard]] bool equal(ByteView other) const;

 private:
  Bytes bytes_;
};

}  // namespace kt::keytrans
