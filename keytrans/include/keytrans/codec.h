// The TLS presentation language (RFC 8446, Section 3) as the draft uses it.
//
// A structure is described once, by a function template `wire(io, value)` that
// names its fields in order; `Encoder` and `Decoder` offer the same calls, so the
// one description serves both directions, and people too (message_view.h). Vector bounds count
// elements, not bytes (draft, "Variable-Length Vectors").
//
// Both stop at their first error and remember where it was: after a failure every
// further call does nothing, so descriptions need no checks of their own. Nothing
// is allocated in proportion to a length that the input does not hold.
//
// Lifetime: a Decoder borrows its input. Thread rule: one thread at a time.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "keytrans/bytes.h"
#include "keytrans/result.h"
#include "keytrans/types.h"

namespace kt::keytrans {

template <class T>
concept WireNumber = std::unsigned_integral<T> && !std::same_as<T, bool>;

// Largest length that a length prefix of `bytes` bytes can hold.
[[nodiscard]] constexpr std::uint64_t max_length(std::size_t bytes) {
  return (std::uint64_t{1} << (8 * bytes)) - 1;
}

class Encoder {
 public:
  static constexpr bool kDecodes = false;

  template <WireNumber T>
  void number(const char* /*field*/, T value) {
    std::array<std::uint8_t, sizeof(T)> bytes{};
    for (std::size_t i = 0; i < bytes.size(); ++i)
      bytes[i] = static_cast<std::uint8_t>(std::uint64_t{value} >> (8 * (bytes.size() - 1 - i)));
    append(bytes);
  }
  template <class Tag, class Rep>
  void number(const char* field, const Strong<Tag, Rep>& value) {
    number(field, value.value());
  }

  // An enumerator, one of `allowed`.
  template <class Enum>
  void enumeration(const char* field, Enum value, std::initializer_list<Enum> /*allowed*/) {
    number(field, static_cast<std::underlying_type_t<Enum>>(value));
  }

  // Exactly `size` bytes, without a length prefix.
  void fixed(const char* field, ByteView bytes, std::size_t size) {
    if (bytes.size() != size) return fail_at(field, "has the wrong size");
    append(bytes);
  }

  // Bytes behind a length prefix of `LengthSize` bytes.
  template <std::size_t LengthSize>
  void opaque(const char* field, ByteView bytes) {
    if (!length<LengthSize>(field, bytes.size())) return;
    append(bytes);
  }

  void label(const char* field, const Label& label) { opaque<1>(field, label.bytes()); }

  // A structure within another; `description(io, value)` describes it.
  template <class T, class F>
  void structure(const char* /*field*/, const T& value, F description) {
    description(*this, value);
  }

  // optional<T>; `element(io, value)` describes T.
  template <class T, class F>
  void optional(const char* field, const std::optional<T>& value, F element) {
    number<std::uint8_t>(field, value.has_value() ? 1 : 0);
    if (value) element(*this, *value);
  }

  // A vector whose length prefix counts elements of at least `min_size` bytes each.
  template <std::size_t LengthSize, class T, class F>
  void vector(const char* field, const std::vector<T>& values, std::size_t /*min_size*/,
              F element) {
    if (!length<LengthSize>(field, values.size())) return;
    for (const T& value : values) element(*this, value);
  }

  // Refuses what the description itself finds wrong.
  void require(bool condition, const char* field, const char* reason) {
    if (!condition) fail_at(field, reason);
  }

  [[nodiscard]] bool ok() const { return !error_.has_value(); }

  // What was written. Errors: malformed when a value does not fit its field.
  Result<Bytes> finish() && {
    if (error_) return tl::unexpected<Error>(*std::move(error_));
    return std::move(out_);
  }

 private:
  void append(ByteView bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }
  template <std::size_t LengthSize>
  bool length(const char* field, std::size_t size) {
    static_assert(LengthSize == 1 || LengthSize == 2 || LengthSize == 4);
    if (size > max_length(LengthSize)) {
      fail_at(field, "is longer than its length prefix can say");
      return false;
    }
    for (std::size_t shift = 8 * LengthSize; shift > 0; shift -= 8)
      out_.push_back(static_cast<std::uint8_t>(size >> (shift - 8)));
    return true;
  }
  void fail_at(const char* field, const char* reason);

  Bytes out_;
  std::optional<Error> error_;
};

class Decoder {
 public:
  static constexpr bool kDecodes = true;

  explicit Decoder(ByteView input) : input_(input) {}

  template <WireNumber T>
  void number(const char* field, T& value) {
    std::uint64_t read = 0;
    for (const std::uint8_t byte : take(field, sizeof(T))) read = read << 8U | byte;
    value = static_cast<T>(read);
  }
  template <class Tag, class Rep>
  void number(const char* field, Strong<Tag, Rep>& value) {
    Rep read{};
    number(field, read);
    value = Strong<Tag, Rep>(read);
  }

  template <class Enum>
  void enumeration(const char* field, Enum& value, std::initializer_list<Enum> allowed) {
    std::underlying_type_t<Enum> read{};
    const std::size_t start = offset_;
    number(field, read);
    if (!ok()) return;
    for (const Enum candidate : allowed) {
      if (static_cast<std::underlying_type_t<Enum>>(candidate) == read) {
        value = candidate;
        return;
      }
    }
    fail_at(field, start, "has a value that is not defined");
  }

  template <std::size_t N>
  void fixed(const char* field, std::array<std::uint8_t, N>& bytes, std::size_t size) {
    KT_ASSERT(size == N);
    const ByteView read = take(field, N);
    std::copy(read.begin(), read.end(), bytes.begin());
  }
  void fixed(const char* field, Bytes& bytes, std::size_t size) {
    bytes = to_bytes(take(field, size));
  }

  template <std::size_t LengthSize>
  void opaque(const char* field, Bytes& bytes) {
    const std::uint64_t size = length<LengthSize>(field, 1);
    bytes = to_bytes(take(field, static_cast<std::size_t>(size)));
  }

  void label(const char* field, Label& label) {
    const std::uint64_t size = length<1>(field, 1);
    auto read = Label::create(take(field, static_cast<std::size_t>(size)));
    KT_ASSERT(read.has_value());
    label = *std::move(read);
  }

  template <class T, class F>
  void structure(const char* /*field*/, T& value, F description) {
    description(*this, value);
  }

  template <class T, class F>
  void optional(const char* field, std::optional<T>& value, F element) {
    const std::size_t start = offset_;
    std::uint8_t present = 0;
    number(field, present);
    value.reset();
    if (present > 1) return fail_at(field, start, "has a presence octet that is neither 0 nor 1");
    if (present == 1 && ok()) element(*this, value.emplace());
  }

  template <std::size_t LengthSize, class T, class F>
  void vector(const char* field, std::vector<T>& values, std::size_t min_size, F element) {
    const std::uint64_t count = length<LengthSize>(field, min_size);
    values.clear();
    values.reserve(static_cast<std::size_t>(count));
    for (std::uint64_t i = 0; i < count && ok(); ++i) element(*this, values.emplace_back());
  }

  void require(bool condition, const char* field, const char* reason) {
    if (!condition) fail_at(field, offset_, reason);
  }

  [[nodiscard]] bool ok() const { return !error_.has_value(); }

  // Demands the end of the input. Errors: malformed, naming the field and the byte offset.
  Result<void> finish() &&;

 private:
  // The next `size` bytes; on failure nothing is taken and the view is empty.
  ByteView take(const char* field, std::size_t size);
  // A length prefix that the rest of the input can hold, at `unit` bytes for each.
  template <std::size_t LengthSize>
  std::uint64_t length(const char* field, std::size_t unit) {
    static_assert(LengthSize == 1 || LengthSize == 2 || LengthSize == 4);
    const std::size_t start = offset_;
    std::uint64_t read = 0;
    for (const std::uint8_t byte : take(field, LengthSize)) read = read << 8U | byte;
    if (!ok()) return 0;
    if (read > (input_.size() - offset_) / unit) {
      fail_at(field, start, "claims more than the message holds");
      return 0;
    }
    return read;
  }
  void fail_at(const char* field, std::size_t offset, const char* reason);

  ByteView input_;
  std::size_t offset_ = 0;
  std::optional<Error> error_;
};

}  // namespace kt::keytrans
