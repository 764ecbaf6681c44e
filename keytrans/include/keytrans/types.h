// The numbers and names of Key Transparency, as types that cannot be mixed up.
//
// Holding one proves it valid: every numeric value is a legal one, a `Label` has
// at most 255 bytes, a `LogId` is the hash of a configuration.
// Thread rule: plain values.
#pragma once

#include <algorithm>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "keytrans/bytes.h"
#include "keytrans/result.h"

namespace kt {

// A number with a meaning. Explicit in both directions; ordered and comparable with its own kind.
template <class Tag, class Rep>
class Strong {
 public:
  constexpr Strong() = default;
  explicit constexpr Strong(Rep value) : value_(value) {}
  [[nodiscard]] constexpr Rep value() const { return value_; }
  friend constexpr auto operator<=>(const Strong&, const Strong&) = default;

 private:
  Rep value_ = 0;
};

// Counter of a label's values, from 0; at most 2^32-1.
using Version = Strong<struct VersionTag, std::uint32_t>;

// Position of a log entry, from 0.
using EntryIndex = Strong<struct EntryIndexTag, std::uint64_t>;

// Number of log entries.
using TreeSize = Strong<struct TreeSizeTag, std::uint64_t>;

// Milliseconds since the Unix epoch.
using Timestamp = Strong<struct TimestampTag, std::uint64_t>;

// Index of the last entry. Requires: size > 0.
[[nodiscard]] constexpr EntryIndex rightmost(TreeSize size) { return EntryIndex{size.value() - 1}; }

// Size of the tree in which `entry` is the rightmost one.
[[nodiscard]] constexpr TreeSize size_through(EntryIndex entry) {
  return TreeSize{entry.value() + 1};
}

// `later - earlier` in milliseconds, 0 if they are the other way round.
[[nodiscard]] constexpr std::uint64_t elapsed_ms(Timestamp earlier, Timestamp later) {
  return later > earlier ? later.value() - earlier.value() : 0;
}

// An identity's canonical bytes, at most 255 of them.
class Label {
 public:
  static constexpr std::size_t kMaxSize = 255;

  // The empty label, which is a legal one.
  Label() = default;

  // Errors: malformed when longer than kMaxSize.
  static Result<Label> create(ByteView bytes) {
    if (bytes.size() > kMaxSize) return fail(Errc::malformed, "label is longer than 255 bytes");
    return Label(to_bytes(bytes));
  }
  static Result<Label> create(std::string_view text) {
    return create(ByteView(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
  }

  [[nodiscard]] ByteView bytes() const { return bytes_; }
  friend bool operator==(const Label&, const Label&) = default;
  // Byte by byte. The defaulted comparison of two vectors makes g++ 12 warn of an overread at -O2.
  friend std::strong_ordering operator<=>(const Label& a, const Label& b) {
    return std::lexicographical_compare_three_way(
        a.bytes_.begin(), a.bytes_.end(), b.bytes_.begin(), b.bytes_.end(),
        [](std::uint8_t x, std::uint8_t y) { return x <=> y; });
  }

 private:
  explicit Label(Bytes bytes) : bytes_(std::move(bytes)) {}
  Bytes bytes_;
};

// Identity of a log: SHA-256 of its TLS-encoded Configuration.
class LogId {
 public:
  explicit LogId(const HashValue& hash) : hash_(hash) {}
  [[nodiscard]] const HashValue& hash() const { return hash_; }
  [[nodiscard]] std::string hex() const { return to_hex(hash_); }
  friend auto operator<=>(const LogId&, const LogId&) = default;

 private:
  HashValue hash_;
};

}  // namespace kt
