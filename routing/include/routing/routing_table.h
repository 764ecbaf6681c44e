// The domains of a gateway, and how each spreads its requests over its logs: a snapshot, made from
// a valid configuration and never changed.
//
// Thread rule: immutable, so any thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "federation/domain.h"
#include "federation/label_rule.h"
#include "routing/policy.h"

namespace kt::routing {

struct DomainRouting {
  federation::Domain domain;
  federation::LabelRule label_rule;
  std::unique_ptr<const Policy> policy;
};

struct ResolvedIdentity {
  federation::Domain domain;
  Label label;

  friend bool operator==(const ResolvedIdentity&, const ResolvedIdentity&) = default;
};

class RoutingTable {
 public:
  // `default_domain` is that of identities which name none; `known_logs` are those that can be
  // asked. Errors: rejected for a domain that is there twice, a policy that leads to a log which is
  // not known, and a default domain which is not one of the domains. Requires: every policy is
  // there.
  static Result<RoutingTable> create(std::vector<DomainRouting> domains,
                                     std::optional<federation::Domain> default_domain,
                                     const std::set<LogId>& known_logs);

  // Whom a user asks about. A label that a client sends is itself such a text, and canonical if
  // what it resolves to is itself.
  // Errors: those of federation::Identity::parse() and federation::Identity::label(); not_found
  // when the table does not have the domain.
  Result<ResolvedIdentity> resolve(std::string_view identity) const;
  Result<ResolvedIdentity> resolve(const Label& label) const;

  // Which logs are asked.
  // Errors: rejected for a reserved label, of which every log has its own, to be asked there;
  // not_found when the table does not have the domain.
  Result<Route> route(Operation operation, const federation::Domain& domain,
                      const Label& label) const;

 private:
  using Domains = std::map<federation::Domain, DomainRouting>;

  RoutingTable(Domains domains, std::optional<federation::Domain> default_domain)
      : domains_(std::move(domains)), default_domain_(std::move(default_domain)) {}

  Result<const DomainRouting*> find(const federation::Domain& domain) const;

  Domains domains_;
  std::optional<federation::Domain> default_domain_;
};

}  // namespace kt::routing
