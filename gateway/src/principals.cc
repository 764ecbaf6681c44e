#include "principals.h"

#include "keytrans/hash.h"

namespace kt::gateway {

Principals::Principals(const std::vector<PrincipalConfiguration>& principals) {
  for (const PrincipalConfiguration& principal : principals)
    names_.emplace(principal.token_sha256, principal.name);
}

std::optional<std::string> Principals::find(std::string_view token) const {
  const auto found = names_.find(keytrans::sha256(to_bytes(token)));
  if (found == names_.end()) return std::nullopt;
  return found->second;
}

}  // namespace kt::gateway
