// A local value that is overwritten when its scope ends.
#pragma once

#include <type_traits>

#include <openssl/crypto.h>

namespace kt::keytrans {

// Written `const Cleansed<HashValue> key{f()}`, the result of `f` is built in place and no other
// copy of it exists.
template <class T>
struct Cleansed {
  static_assert(std::is_trivially_copyable_v<T>);

  ~Cleansed() { OPENSSL_cleanse(&value, sizeof(value)); }

  T value;
};

}  // namespace kt::keytrans
