// Errors as values.
//
// Every function that can fail because of its input, a peer or a file returns a
// `Result<T>`: the value, or an `Error` with a code chosen by what a caller
// would do differently and a detail for people. Details never hold labels,
// values, tokens or keys. Our own bugs are `KT_ASSERT`s, which are always on.
//
// Thread rule: plain values.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

namespace kt {

enum class Errc : std::uint8_t {
  malformed,            // the bytes do not parse, or a request breaks a rule of its own structure
  verification_failed,  // the bytes parse, but a proof, signature or bound does not hold
  not_found,            // no such label, version or log entry
  conflict,             // the caller's state is not the one the operation needs
  unavailable,          // cannot be answered now; trying later may help
  corrupt,              // our own stored data contradicts itself
  rejected,             // understood and refused
};

// The name of `code`, as written in its enumerator.
[[nodiscard]] constexpr std::string_view to_string(Errc code) {
  switch (code) {
    case Errc::malformed: return "malformed";
    case Errc::verification_failed: return "verification_failed";
    case Errc::not_found: return "not_found";
    case Errc::conflict: return "conflict";
    case Errc::unavailable: return "unavailable";
    case Errc::corrupt: return "corrupt";
    case Errc::rejected: return "rejected";
  }
  return "unknown";
}

struct Error {
  Errc code;
  std::string detail;

  friend bool operator==(const Error&, const Error&) = default;
};

template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
};

// The failure branch of any Result: `return fail(Errc::malformed, "…");`
[[nodiscard]] inline tl::unexpected<Error> fail(Errc code, std::string detail) {
  return tl::unexpected<Error>(Error{code, std::move(detail)});
}

// `error` with `context` put before its detail. Called once, where the context is known.
[[nodiscard]] inline tl::unexpected<Error> fail_in(std::string_view context, Error error) {
  error.detail.insert(0, ": ").insert(0, context);
  return tl::unexpected<Error>(std::move(error));
}

[[noreturn]] inline void assertion_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, condition);
  std::abort();
}

}  // namespace kt

// A condition only a bug of ours can break. Never on input.
#define KT_ASSERT(condition) \
  ((condition) ? static_cast<void>(0) : ::kt::assertion_failed(#condition, __FILE__, __LINE__))

// KT_TRY(expression) returns the error of a failed Result from the enclosing function.
// KT_TRY(declaration, expression) does too, and initialises `declaration` with the value.
#define KT_TRY_CONCAT_(a, b) a##b
#define KT_TRY_NAME_(a, b) KT_TRY_CONCAT_(a, b)
#define KT_TRY_1_(expression)                                                 \
  do {                                                                        \
    if (auto kt_try_result = (expression); !kt_try_result)                    \
      return ::tl::unexpected<::kt::Error>(std::move(kt_try_result).error()); \
  } while (false)
#define KT_TRY_2_(declaration, expression)                                                    \
  auto KT_TRY_NAME_(kt_try_, __LINE__) = (expression);                                        \
  if (!KT_TRY_NAME_(kt_try_, __LINE__))                                                       \
    return ::tl::unexpected<::kt::Error>(std::move(KT_TRY_NAME_(kt_try_, __LINE__)).error()); \
  declaration = *std::move(KT_TRY_NAME_(kt_try_, __LINE__))
#define KT_TRY_PICK_(a, b, name, ...) name
#define KT_TRY(...) KT_TRY_PICK_(__VA_ARGS__, KT_TRY_2_, KT_TRY_1_, )(__VA_ARGS__)
