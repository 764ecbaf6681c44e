#include "hosting.h"

#include <set>

namespace kt::gateway {
namespace {

Result<std::unique_ptr<const routing::Policy>> make_policy(DomainPolicy policy,
                                                           std::vector<LogId> logs) {
  if (policy == DomainPolicy::sharded) return routing::make_sharded(std::move(logs));
  return routing::make_single(logs.at(0));
}

}  // namespace

Hosting::Hosting(std::vector<HostedLog> logs, routing::RoutingTable table,
                 const std::vector<PrincipalConfiguration>& principals,
                 const LimitsConfiguration& limits)
    : logs_(std::move(logs)),
      table_(std::move(table)),
      principals_(principals),
      request_limit_(limits.request_bytes),
      update_limit_(limits.update_bytes) {
  for (const HostedLog& hosted : logs_) {
    names_.emplace(hosted.log->configuration().id().hex(), &hosted);
    names_.emplace(hosted.alias, &hosted);
  }
}

const HostedLog* Hosting::find_log(std::string_view name) const {
  const auto named = names_.find(name);
  return named == names_.end() ? nullptr : named->second;
}

const HostedLog& Hosting::log(const LogId& id) const {
  const HostedLog* const found = find_log(id.hex());
  KT_ASSERT(found != nullptr);
  return *found;
}

Result<routing::RoutingTable> make_routing_table(const GatewayConfiguration& configuration,
                                                 const std::vector<HostedLog>& logs) {
  std::map<std::string_view, LogId> ids;
  std::set<LogId> known;
  for (const HostedLog& hosted : logs) {
    ids.emplace(hosted.alias, hosted.log->configuration().id());
    known.insert(hosted.log->configuration().id());
  }
  std::vector<routing::DomainRouting> domains;
  for (const DomainConfiguration& domain : configuration.domains) {
    std::vector<LogId> of_domain;
    for (const std::string& alias : domain.logs) of_domain.push_back(ids.at(alias));
    KT_TRY(auto policy, make_policy(domain.policy, std::move(of_domain)));
    domains.push_back({*domain.name, domain.label_rule, std::move(policy)});
  }
  return routing::RoutingTable::create(std::move(domains), configuration.default_domain, known);
}

}  // namespace kt::gateway
