// What commands do when an answer does not verify. Internal.
//
// Thread rule: that of a Session.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "client/session.h"
#include "federation/domain.h"

namespace kt::client {

// Whose answer it was.
struct Asked {
  std::string identity;
  std::optional<federation::Domain> default_domain;
};

// What there is to say of `error` beside itself, when it is one of verification: where evidence is
// that was found by asking the logs of `domain` once more, as a newcomer.
[[nodiscard]] std::string find_evidence(const Session& session, const federation::Domain& domain,
                                        const Error& error);
// The same, for the domain of an identity.
[[nodiscard]] std::string find_evidence(const Session& session, const Asked& asked,
                                        const Error& error);

// `result`, whose error says where the evidence is.
template <class Whose, class T>
Result<T> with_evidence(const Session& session, const Whose& whose, Result<T> result) {
  if (result) return result;
  Error error = std::move(result).error();
  error.detail += find_evidence(session, whose, error);
  return tl::unexpected<Error>(std::move(error));
}

}  // namespace kt::client
