#include "routing/routing_table.h"

#include <algorithm>
#include <utility>

#include "federation/identity.h"
#include "federation/reserved.h"

namespace kt::routing {

Result<RoutingTable> RoutingTable::create(std::vector<DomainRouting> domains,
                                          std::optional<federation::Domain> default_domain,
                                          const std::set<LogId>& known_logs) {
  Domains table;
  for (DomainRouting& routing : domains) {
    KT_ASSERT(routing.policy != nullptr);
    const std::vector<LogId> logs = routing.policy->logs();
    if (!std::all_of(logs.begin(), logs.end(),
                     [&](const LogId& log) { return known_logs.contains(log); }))
      return fail(Errc::rejected, routing.domain.text() + " has a log that is not known");
    const federation::Domain domain = routing.domain;
    if (!table.emplace(domain, std::move(routing)).second)
      return fail(Errc::rejected, domain.text() + " is there twice");
  }
  if (default_domain && !table.contains(*default_domain))
    return fail(Errc::rejected, "the default domain is not one of the domains");
  return RoutingTable(std::move(table), std::move(default_domain));
}

Result<ResolvedIdentity> RoutingTable::resolve(std::string_view identity) const {
  KT_TRY(const federation::Identity parsed, federation::Identity::parse(identity, default_domain_));
  KT_TRY(const DomainRouting* const routing, find(parsed.domain()));
  KT_TRY(Label label, parsed.label(routing->label_rule));
  return ResolvedIdentity{parsed.domain(), std::move(label)};
}

Result<ResolvedIdentity> RoutingTable::resolve(const Label& label) const {
  const ByteView bytes = label.bytes();
  return resolve({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

Result<Route> RoutingTable::route(Operation operation, const federation::Domain& domain,
                                  const Label& label) const {
  if (federation::is_reserved(label)) return fail(Errc::rejected, "a reserved label");
  KT_TRY(const DomainRouting* const routing, find(domain));
  return routing->policy->route(operation, label);
}

Result<const DomainRouting*> RoutingTable::find(const federation::Domain& domain) const {
  const auto found = domains_.find(domain);
  if (found == domains_.end()) return fail(Errc::not_found, "no log here for that domain");
  return &found->second;
}

}  // namespace kt::routing
