#include "principals.h"

#include "keytrans/hash.h"

namespace kt::gateway {

Principals::Principals(const std::vector<PrincipalConfiguration>& principals,
                       const LimitsConfiguration& limits)
    : others_{limits.requests_per_second, limits.burst} {
  for (const PrincipalConfiguration& each : principals) {
    const Principal principal{each.name, {each.requests_per_second, each.burst}};
    if (each.token_sha256) by_token_.emplace(*each.token_sha256, principal);
    if (each.certificate) by_certificate_.emplace(*each.certificate, principal);
  }
}

const Principals::Principal* Principals::find_by_certificate(const Client& client) const {
  for (const auto* const names : {&client.hosts, &client.identities}) {
    for (const std::string& name : *names) {
      const auto found = by_certificate_.find(name);
      if (found != by_certificate_.end()) return &found->second;
    }
  }
  return nullptr;
}

Caller Principals::identify(const RequestHead& head) const {
  Caller caller;
  const Principal* known = nullptr;
  if (head.bearer_token) {
    const auto found = by_token_.find(keytrans::sha256(to_bytes(*head.bearer_token)));
    if (found != by_token_.end()) known = &found->second;
    if (known == nullptr) caller.unknown_token = head.bearer_token;
  }
  if (!caller.unknown_token) {
    caller.has_certificate = !head.client.hosts.empty() || !head.client.identities.empty();
    caller.hosts = head.client.hosts;
    caller.identities = head.client.identities;
    if (known == nullptr) known = find_by_certificate(head.client);
  }
  if (known != nullptr) {
    caller.principal = known->name;
    caller.rate_key = "principal " + known->name;
    caller.rate = known->rate;
  } else {
    caller.rate_key = "network " + head.client.network;
    caller.rate = others_;
  }
  return caller;
}

}  // namespace kt::gateway
