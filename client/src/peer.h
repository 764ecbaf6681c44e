// What is said of the bytes of others. Internal.
//
// Thread rule: pure functions.
#pragma once

#include <string_view>
#include <utility>

#include "keytrans/result.h"

namespace kt::client {

// `result` of reading what `peer` has sent. That it does not parse is the peer's fault, not that of
// whoever asked: verification_failed.
template <class T>
Result<T> of_peer(Result<T> result, std::string_view peer) {
  if (result) return result;
  Error error = std::move(result).error();
  if (error.code == Errc::malformed) error.code = Errc::verification_failed;
  return fail_in(peer, std::move(error));
}

// `result` of reading or verifying what `peer` answered: whatever does not hold, it is not
// believed.
template <class T>
Result<T> of_verification(Result<T> result, std::string_view peer) {
  if (result) return result;
  return fail_in(peer, Error{Errc::verification_failed, std::move(result).error().detail});
}

}  // namespace kt::client
