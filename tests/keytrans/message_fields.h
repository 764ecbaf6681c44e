// Visitors of a message's fields, for tests that take messages apart.
//
// They stand in for Encoder and Decoder in the library's own descriptions (wire.h), so a field
// that is ever added to a message is mapped, filled and tampered with from that day on.
//
//   map_fields     where each field lies in the encoding, under its name
//   mutate_field   the n-th of all changes that can be made to a field, an element or a length
//   fill_fields    random contents
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "keytrans/codec.h"
#include "keytrans/fork_evidence.h"
#include "keytrans/messages.h"
#include "random_source.h"
#include "wire.h"

namespace kt::keytrans {

// Visits `message`, whether its description needs the context or not.
template <class Io, class Message>
void visit_fields(Io& io, Message& message, const WireContext& context) {
  if constexpr (requires { wire(io, message, context); }) {
    wire(io, message, context);
  } else {
    wire(io, message);
  }
}

template <class Message>
inline constexpr bool kNeedsContext = requires(Encoder& io, const Message& message,
                                               const WireContext& context) {
  wire(io, message, context);
};

// Evidence of a fork is a structure of ours, described by its own source file and its header.
template <class Io>
void visit_fields(Io& io, ForkEvidence& evidence, const WireContext& /*context*/) {
  constexpr std::size_t kMagicSize = 8;
  std::array<std::uint8_t, kMagicSize> magic{'K', 'T', 'F', 'O', 'R', 'K', 0, 1};
  io.fixed("ForkEvidence.magic", magic, kMagicSize);
  wire(io, evidence.config);
  io.number("ForkEvidence.size", evidence.size);
  for (ForkBranch& branch : evidence.branches) {
    wire(io, branch.tree_head);
    io.template vector<1>("ForkBranch.full_subtrees", branch.full_subtrees, kHashSize, kHash);
    wire(io, branch.consistency);
  }
}

template <class Message>
[[nodiscard]] Result<Bytes> encode_message(const Message& message, const WireContext& context) {
  if constexpr (std::same_as<Message, ForkEvidence>) {
    return message.serialize();
  } else if constexpr (kNeedsContext<Message>) {
    return encode(message, context);
  } else {
    return encode(message);
  }
}

template <class Message>
[[nodiscard]] Result<Message> decode_message(ByteView bytes, const WireContext& context) {
  if constexpr (std::same_as<Message, ForkEvidence>) {
    return ForkEvidence::parse(bytes);
  } else if constexpr (kNeedsContext<Message>) {
    return decode<Message>(bytes, context);
  } else {
    return decode<Message>(bytes);
  }
}

// --- Where fields lie ------------------------------------------------------------------------

enum class FieldKind : std::uint8_t { number, enumeration, presence, length, bytes };

// A field's place in the encoding. A vector, an opaque and an optional have one for what stands
// before their contents, and their contents have their own.
struct FieldPlace {
  std::string name;
  FieldKind kind;
  std::size_t offset;
  std::size_t size;
};

class FieldMap {
 public:
  static constexpr bool kDecodes = false;

  template <WireNumber T>
  void number(const char* field, const T& /*value*/) {
    add(field, FieldKind::number, sizeof(T));
  }
  template <class Tag, class Rep>
  void number(const char* field, const Strong<Tag, Rep>& /*value*/) {
    add(field, FieldKind::number, sizeof(Rep));
  }
  template <class Enum>
  void enumeration(const char* field, Enum /*value*/, std::initializer_list<Enum> /*allowed*/) {
    add(field, FieldKind::enumeration, sizeof(Enum));
  }
  void fixed(const char* field, ByteView bytes, std::size_t /*size*/) {
    add(field, FieldKind::bytes, bytes.size());
  }
  template <std::size_t LengthSize>
  void opaque(const char* field, ByteView bytes) {
    add(field, FieldKind::length, LengthSize);
    add(field, FieldKind::bytes, bytes.size());
  }
  void label(const char* field, const Label& label) { opaque<1>(field, label.bytes()); }
  template <class T, class F>
  void structure(const char* /*field*/, T& value, F description) {
    description(*this, value);
  }
  template <class T, class F>
  void optional(const char* field, std::optional<T>& value, F element) {
    add(field, FieldKind::presence, 1);
    if (value) element(*this, *value);
  }
  template <std::size_t LengthSize, class T, class F>
  void vector(const char* field, std::vector<T>& values, std::size_t /*min_size*/, F element) {
    add(field, FieldKind::length, LengthSize);
    for (T& value : values) element(*this, value);
  }
  void require(bool /*condition*/, const char* /*field*/, const char* /*reason*/) {}

  [[nodiscard]] const std::vector<FieldPlace>& places() const { return places_; }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  void add(const char* field, FieldKind kind, std::size_t size) {
    places_.push_back({field, kind, size_, size});
    size_ += size;
  }

  std::vector<FieldPlace> places_;
  std::size_t size_ = 0;
};

// The fields of `message` in the order of its encoding.
template <class Message>
[[nodiscard]] std::vector<FieldPlace> map_fields(Message message, const WireContext& context) {
  FieldMap map;
  visit_fields(map, message, context);
  return map.places();
}

// The name of the field that the byte at `offset` belongs to, for people.
[[nodiscard]] inline std::string name_of_byte(const std::vector<FieldPlace>& places,
                                              std::size_t offset) {
  for (const FieldPlace& place : places) {
    if (offset >= place.offset && offset < place.offset + place.size)
      return "byte " + std::to_string(offset) + " of " + place.name;
  }
  return "byte " + std::to_string(offset) + " of nothing";
}

// --- Changes ---------------------------------------------------------------------------------

// Makes one change to the message it visits: the `wanted`-th of all that there are.
class FieldMutator {
 public:
  static constexpr bool kDecodes = false;

  explicit FieldMutator(std::size_t wanted) : wanted_(wanted) {}

  template <WireNumber T>
  void number(const char* field, T& value) {
    attempt(field, "one more", [&] { ++value; });
    attempt(field, "one less", [&] { --value; });
    attempt(field, "zero", [&] { value = 0; });
    attempt(field, "the greatest number", [&] { value = std::numeric_limits<T>::max(); });
  }
  template <class Tag, class Rep>
  void number(const char* field, Strong<Tag, Rep>& value) {
    Rep plain = value.value();
    number(field, plain);
    value = Strong<Tag, Rep>(plain);
  }
  template <class Enum>
  void enumeration(const char* field, Enum& value, std::initializer_list<Enum> allowed) {
    for (const Enum other : allowed) attempt(field, "another enumerator", [&] { value = other; });
  }
  template <std::size_t N>
  void fixed(const char* field, std::array<std::uint8_t, N>& bytes, std::size_t /*size*/) {
    change_contents(field, bytes);
  }
  void fixed(const char* field, Bytes& bytes, std::size_t /*size*/) {
    change_contents(field, bytes);
  }
  template <std::size_t LengthSize>
  void opaque(const char* field, Bytes& bytes) {
    change_size(field, bytes);
  }
  void label(const char* field, Label& label) {
    Bytes bytes = to_bytes(label.bytes());
    change_size(field, bytes);
    if (auto changed = Label::create(bytes)) label = *std::move(changed);
  }
  template <class T, class F>
  void structure(const char* /*field*/, T& value, F description) {
    description(*this, value);
  }
  template <class T, class F>
  void optional(const char* field, std::optional<T>& value, F element) {
    attempt(field, value ? "absent" : "present", [&] {
      if (value) {
        value.reset();
      } else {
        value.emplace();
      }
    });
    if (value) element(*this, *value);
  }
  template <std::size_t LengthSize, class T, class F>
  void vector(const char* field, std::vector<T>& values, std::size_t /*min_size*/, F element) {
    change_elements(field, values);
    for (T& value : values) element(*this, value);
  }
  void require(bool /*condition*/, const char* /*field*/, const char* /*reason*/) {}

  // What was done, for people; empty when there are no more than `wanted` changes.
  [[nodiscard]] const std::string& done() const { return done_; }

 private:
  template <class Change>
  void attempt(const char* field, const std::string& what, Change change) {
    if (next_++ != wanted_) return;
    change();
    done_ = std::string(field) + ": " + what;
  }

  template <class Contents>
  void change_contents(const char* field, Contents& bytes) {
    attempt(field, "all zero", [&] { std::fill(bytes.begin(), bytes.end(), std::uint8_t{0}); });
    attempt(field, "reversed", [&] { std::reverse(bytes.begin(), bytes.end()); });
  }

  void change_size(const char* field, Bytes& bytes) {
    attempt(field, "one byte more", [&] { bytes.push_back(0); });
    attempt(field, "one byte before", [&] { bytes.insert(bytes.begin(), 0); });
    if (bytes.empty()) return;
    attempt(field, "one byte less", [&] { bytes.pop_back(); });
    attempt(field, "without its first byte", [&] { bytes.erase(bytes.begin()); });
    attempt(field, "empty", [&] { bytes.clear(); });
  }

  template <class T>
  void change_elements(const char* field, std::vector<T>& values) {
    const auto at = [&values](std::size_t i) {
      return values.begin() + static_cast<std::ptrdiff_t>(i);
    };
    const std::size_t size = values.size();
    attempt(field, "an element of zeros appended", [&] { values.emplace_back(); });
    if (values.empty()) return;
    attempt(field, "last element appended again", [&] {
      T copy = values.back();
      values.push_back(std::move(copy));
    });
    attempt(field, "first element put before itself", [&] {
      T copy = values.front();
      values.insert(values.begin(), std::move(copy));
    });
    attempt(field, "without the first element", [&] { values.erase(at(0)); });
    if (size == 1) return;
    attempt(field, "without the last element", [&] { values.pop_back(); });
    attempt(field, "without elements", [&] { values.clear(); });
    attempt(field, "without the middle element", [&] { values.erase(at(size / 2)); });
    attempt(field, "middle element twice", [&] {
      T copy = values[size / 2];
      values.insert(at(size / 2), std::move(copy));
    });
    for (std::size_t i = 1; i < size; ++i) {
      attempt(field, "elements " + std::to_string(i - 1) + " and " + std::to_string(i) + " swapped",
              [&] { std::swap(values[i - 1], values[i]); });
    }
    if (size > 2)
      attempt(field, "elements reversed", [&] { std::reverse(values.begin(), values.end()); });
  }

  std::size_t wanted_;
  std::size_t next_ = 0;
  std::string done_;
};

template <class Message>
struct Mutant {
  Message message;
  std::string change;
};

// `message` with the `wanted`-th change; nothing when there are fewer.
template <class Message>
[[nodiscard]] std::optional<Mutant<Message>> mutate_field(const Message& message,
                                                          const WireContext& context,
                                                          std::size_t wanted) {
  Mutant<Message> mutant{message, {}};
  FieldMutator mutator(wanted);
  visit_fields(mutator, mutant.message, context);
  if (mutator.done().empty()) return std::nullopt;
  mutant.change = mutator.done();
  return mutant;
}

// --- Random contents -------------------------------------------------------------------------

class FieldFiller {
 public:
  static constexpr bool kDecodes = true;  // fills what only a decoder would create

  explicit FieldFiller(RandomSource& random) : random_(random) {}

  template <WireNumber T>
  void number(const char* /*field*/, T& value) {
    constexpr T kMax = std::numeric_limits<T>::max();
    const std::uint64_t choice = random_.below(4);
    value = choice == 0 ? T{0} : choice == 1 ? kMax : static_cast<T>(random_.below(kMax));
  }
  template <class Tag, class Rep>
  void number(const char* field, Strong<Tag, Rep>& value) {
    Rep plain{};
    number(field, plain);
    value = Strong<Tag, Rep>(plain);
  }
  template <class Enum>
  void enumeration(const char* /*field*/, Enum& value, std::initializer_list<Enum> allowed) {
    value = allowed.begin()[random_.below(allowed.size())];
  }
  template <std::size_t N>
  void fixed(const char* /*field*/, std::array<std::uint8_t, N>& bytes, std::size_t /*size*/) {
    fill(bytes);
  }
  void fixed(const char* /*field*/, Bytes& bytes, std::size_t size) {
    bytes.resize(size);
    fill(bytes);
  }
  template <std::size_t LengthSize>
  void opaque(const char* /*field*/, Bytes& bytes) {
    bytes.resize(random_.below(LengthSize == 1 ? 256 : 700));
    fill(bytes);
  }
  void label(const char* field, Label& label) {
    Bytes bytes;
    opaque<1>(field, bytes);
    label = Label::create(bytes).value();
  }
  template <class T, class F>
  void structure(const char* /*field*/, T& value, F description) {
    description(*this, value);
  }
  template <class T, class F>
  void optional(const char* /*field*/, std::optional<T>& value, F element) {
    value.reset();
    if (random_.coin()) element(*this, value.emplace());
  }
  template <std::size_t LengthSize, class T, class F>
  void vector(const char* /*field*/, std::vector<T>& values, std::size_t /*min_size*/, F element) {
    values.clear();
    const std::uint64_t size = random_.below(5);
    for (std::uint64_t i = 0; i < size; ++i) element(*this, values.emplace_back());
  }
  void require(bool /*condition*/, const char* /*field*/, const char* /*reason*/) {}

 private:
  template <class Contents>
  void fill(Contents& bytes) {
    for (auto& octet : bytes) octet = static_cast<std::uint8_t>(random_.below(256));
  }

  RandomSource& random_;
};

template <class Message>
[[nodiscard]] Message random_message(RandomSource& random, const WireContext& context) {
  Message message;
  FieldFiller filler(random);
  visit_fields(filler, message, context);
  return message;
}

}  // namespace kt::keytrans
