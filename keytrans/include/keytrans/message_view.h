// The fields of a message, one by one, for who shows it to people: JSON, a table.
//
// They come from the same descriptions as the bytes (codec.h), and have the draft's names. What is
// shown is derived from a message that was decoded; nothing is ever read back from it.
//
// Thread rule: one thread at a time.
#pragma once

#include <array>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <type_traits>
#include <vector>

#include "keytrans/codec.h"
#include "keytrans/messages.h"

namespace kt::keytrans {

// Takes the fields of one structure, in the order of their encoding. The name of an element of a
// list is empty.
class FieldSink {
 public:
  FieldSink() = default;
  FieldSink(const FieldSink&) = delete;
  FieldSink& operator=(const FieldSink&) = delete;
  virtual ~FieldSink() = default;

  // Of `size` bytes. Enumerators are numbers.
  virtual void number(std::string_view name, std::uint64_t value, std::size_t size) = 0;
  virtual void bytes(std::string_view name, ByteView value) = 0;
  // An optional without a value.
  virtual void absent(std::string_view name) = 0;
  // What comes until end() is within it.
  virtual void begin_structure(std::string_view name) = 0;
  virtual void begin_list(std::string_view name) = 0;
  virtual void end() = 0;
};

// What a description is called with to have its fields go to a sink, which is borrowed.
class Viewer {
 public:
  static constexpr bool kDecodes = false;

  explicit Viewer(FieldSink& sink) : sink_(sink) {}

  template <WireNumber T>
  void number(const char* field, T value) {
    sink_.number(name_of(field), value, sizeof(T));
  }
  template <class Tag, class Rep>
  void number(const char* field, const Strong<Tag, Rep>& value) {
    number(field, value.value());
  }
  template <class Enum>
  void enumeration(const char* field, Enum value, std::initializer_list<Enum> /*allowed*/) {
    number(field, static_cast<std::underlying_type_t<Enum>>(value));
  }
  void fixed(const char* field, ByteView bytes, std::size_t /*size*/) {
    sink_.bytes(name_of(field), bytes);
  }
  template <std::size_t LengthSize>
  void opaque(const char* field, ByteView bytes) {
    sink_.bytes(name_of(field), bytes);
  }
  void label(const char* field, const Label& label) { sink_.bytes(name_of(field), label.bytes()); }
  template <class T, class F>
  void structure(const char* field, const T& value, F description) {
    sink_.begin_structure(name_of(field));
    description(*this, value);
    sink_.end();
  }
  template <class T, class F>
  void optional(const char* field, const std::optional<T>& value, F element) {
    const std::string_view name = name_of(field);
    if (!value) return sink_.absent(name);
    show_as(name, *value, element);
  }
  template <std::size_t LengthSize, class T, class F>
  void vector(const char* field, const std::vector<T>& values, std::size_t /*min_size*/,
              F element) {
    sink_.begin_list(name_of(field));
    for (const T& value : values) show_as("", value, element);
    sink_.end();
  }
  void require(bool /*condition*/, const char* /*field*/, const char* /*reason*/) {}

 private:
  template <class T>
  struct IsStrong : std::false_type {};
  template <class Tag, class Rep>
  struct IsStrong<Strong<Tag, Rep>> : std::true_type {};
  // Whether T is one field, and not a structure of several.
  template <class T>
  static constexpr bool kIsField =
      std::integral<T> || IsStrong<T>::value || std::convertible_to<const T&, ByteView>;

  // Shows an element under `name`: a field's own name is the element type's.
  template <class T, class F>
  void show_as(std::string_view name, const T& value, F element) {
    if constexpr (kIsField<T>) {
      name_ = name;
      element(*this, value);
    } else {
      sink_.begin_structure(name);
      element(*this, value);
      sink_.end();
    }
  }

  // "version" of "SearchResponse.version".
  std::string_view name_of(std::string_view field) {
    if (name_) {
      const std::string_view name = *name_;
      name_.reset();
      return name;
    }
    return field.substr(field.rfind('.') + 1);
  }

  FieldSink& sink_;
  std::optional<std::string_view> name_;  // of the next field
};

// The fields of `message`, to `sink`. For what encode() is for.
template <class T>
void show(const T& message, FieldSink& sink);
template <class T>
void show(const T& message, const WireContext& context, FieldSink& sink);

}  // namespace kt::keytrans
