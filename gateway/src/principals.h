// Who may ask, as far as a bearer token tells (RFC 6750). Internal.
//
// Tokens are kept as their SHA-256 only, and found by it, so what a comparison's time tells is
// about the hash and not about the token.
//
// Thread rule: any thread; nothing changes after it was made.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "configuration.h"

namespace kt::gateway {

class Principals {
 public:
  explicit Principals(const std::vector<PrincipalConfiguration>& principals);

  // The name of the principal whose token it is.
  [[nodiscard]] std::optional<std::string> find(std::string_view token) const;

 private:
  std::map<HashValue, std::string> names_;
};

}  // namespace kt::gateway
