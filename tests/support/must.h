// The value of a Result that a test cannot do without.
#pragma once

#include <stdexcept>
#include <string>

#include "keytrans/result.h"

namespace kt {

// The value of `result`. Throws what it says when it failed, so that a test that cannot be set up
// fails.
template <class T>
T must(Result<T> result) {
  if (!result)
    throw std::runtime_error(std::string(to_string(result.error().code)) + ": " +
                             result.error().detail);
  return *std::move(result);
}
inline void must(const Result<void>& result) {
  if (!result)
    throw std::runtime_error(std::string(to_string(result.error().code)) + ": " +
                             result.error().detail);
}

}  // namespace kt
