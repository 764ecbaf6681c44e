#include "hosting.h"

#include <algorithm>
#include <set>

namespace kt::gateway {
namespace {

using keytrans::DeploymentMode;

Result<std::unique_ptr<const routing::Policy>> make_policy(DomainPolicy policy,
                                                           std::vector<LogId> logs) {
  if (policy == DomainPolicy::sharded) return routing::make_sharded(std::move(logs));
  return routing::make_single(logs.at(0));
}

// Whether what a gateway keeps in a log can be put there.
bool may_write(const HostedLog& hosted) {
  return hosted.is_remote() ? hosted.writer.has_value() : !hosted.gateway.has_value();
}

Result<routing::RoutingTable> make_table(const GatewayConfiguration& configuration,
                                         const std::vector<HostedLog>& logs) {
  std::map<std::string_view, const HostedLog*> named;
  std::set<LogId> known;
  for (const HostedLog& hosted : logs) {
    named.emplace(hosted.alias, &hosted);
    known.insert(hosted.configuration().id());
  }
  std::vector<routing::DomainRouting> domains;
  for (const DomainConfiguration& domain : configuration.domains) {
    std::vector<LogId> of_domain;
    for (const std::string& alias : domain.logs) {
      const keytrans::LogConfiguration& log = named.at(alias)->configuration();
      const bool is_signed_elsewhere =
          log.mode() == DeploymentMode::thirdPartyManagement && !named.at(alias)->is_signed_here();
      if (domain.url && is_signed_elsewhere)
        return fail(Errc::rejected, "the log " + alias +
                                        " is managed for somebody else, who alone " +
                                        "can write what a domain with a url publishes");
      if (domain.url && named.at(alias)->gateway)
        return fail(Errc::rejected, "the log " + alias +
                                        " is another gateway's, which alone publishes what is in "
                                        "it: no domain with a url can have it here");
      of_domain.push_back(log.id());
    }
    KT_TRY(auto policy, make_policy(domain.policy, std::move(of_domain)));
    domains.push_back({*domain.name, domain.label_rule, std::move(policy)});
  }
  return routing::RoutingTable::create(std::move(domains), configuration.default_domain, known);
}

}  // namespace

Result<std::shared_ptr<const Hosting>> Hosting::create(const GatewayConfiguration& configuration,
                                                       std::vector<HostedLog> logs, Moving moving,
                                                       std::shared_ptr<Authoriser> authoriser,
                                                       std::shared_ptr<Relay> relay) {
  KT_TRY(routing::RoutingTable table, make_table(configuration, logs));
  const std::shared_ptr<Hosting> hosting(new Hosting(
      configuration, std::move(logs), std::move(table), std::move(authoriser), std::move(relay)));
  KT_TRY(hosting->add_migrations(std::move(moving)));
  return hosting;
}

Hosting::Hosting(const GatewayConfiguration& configuration, std::vector<HostedLog> logs,
                 routing::RoutingTable table, std::shared_ptr<Authoriser> authoriser,
                 std::shared_ptr<Relay> relay)
    : logs_(std::move(logs)),
      domains_(configuration.domains),
      default_domain_(configuration.default_domain),
      table_(std::move(table)),
      authoriser_(std::move(authoriser)),
      principals_(configuration.principals, configuration.limits),
      relay_(std::move(relay)),
      request_limit_(configuration.limits.request_bytes),
      update_limit_(configuration.limits.update_bytes) {
  for (const HostedLog& hosted : logs_) {
    names_.emplace(hosted.configuration().id().hex(), &hosted);
    names_.emplace(hosted.alias, &hosted);
  }
  for (const PeerConfiguration& peer : configuration.peers) {
    if (peer.principal) relays_.insert(*peer.principal);
  }
}

Result<void> Hosting::add_migrations(Moving moving) {
  for (migration::Record& record : moving.records) {
    const auto domain = std::find_if(
        domains_.begin(), domains_.end(),
        [&record](const DomainConfiguration& each) { return *each.name == record.domain; });
    if (domain == domains_.end())
      return fail(Errc::rejected,
                  record.domain.text() + " is not there, and its labels are moving");
    auto added = add_migration(*domain, std::move(record), moving);
    if (!added) return fail_in(domain->name->text(), std::move(added).error());
  }
  for (const DomainConfiguration& domain : domains_) {
    for (const std::string& alias : domain.logs) domains_of_[alias].push_back(&domain);
  }
  return {};
}

Result<void> Hosting::add_migration(DomainConfiguration& domain, migration::Record record,
                                    const Moving& moving) {
  using migration::Stage;
  const HostedLog* const from = find_log(record.from.hex());
  const HostedLog* const to = find_log(record.to.hex());
  const bool is_finished = record.phase == migration::Phase::finished;
  if (to == nullptr) return fail(Errc::rejected, "there is no log that its labels are moving to");
  if (is_finished && domain.logs == std::vector<std::string>{to->alias}) return {};
  if (from == nullptr)
    return fail(Errc::rejected, is_finished
                                    ? "its log has retired; its logs are to be the one that its "
                                      "labels have moved to"
                                    : "there is no log that its labels are moving from");
  if (!may_write(*from) || !may_write(*to) || !domain.url || domain.logs.size() != 1 ||
      (domain.logs[0] != from->alias && domain.logs[0] != to->alias))
    return fail(Errc::rejected,
                "its labels are moving between two logs that this gateway writes, and it has "
                "to have one of them, and a url");
  domain.logs = {from->alias, to->alias};
  const auto activity = moving.activity.find(*domain.name);
  KT_ASSERT(activity != moving.activity.end());
  HostedMigration hosted{std::move(record),
                         from,
                         to,
                         {},
                         migration::make_label_log(*from->service, from->configuration()),
                         migration::make_label_log(*to->service, to->configuration()),
                         migration::make_intents(*moving.journal, *domain.name, *moving.pool),
                         activity->second,
                         moving.journal};
  for (const Stage stage : {Stage::before, Stage::during, Stage::after})
    hosted.policies.emplace(stage,
                            migration::make_policy(stage, hosted.record.from, hosted.record.to));
  migrations_.emplace(*domain.name, std::move(hosted));
  return {};
}

void HostedMigration::note(const HostedLog& log, const routing::LogRequest& request) const {
  const bool is_monitoring = std::holds_alternative<keytrans::ContactMonitorRequest>(request) ||
                             std::holds_alternative<keytrans::OwnerMonitorRequest>(request);
  if (&log == from && is_monitoring && has_moved())
    activity->note_monitoring(log::system_clock().now());
}

Result<std::vector<Label>> HostedMigration::labels(const std::optional<Label>& after,
                                                   std::size_t limit) const {
  if (record.is_listed) return journal->listed(record.domain, after, limit);
  if (from->is_remote()) return fail(Errc::unavailable, "the old log does not tell its labels");
  return from->log->labels(after, limit);
}

const HostedMigration* Hosting::migration(const federation::Domain& domain) const {
  const auto found = migrations_.find(domain);
  return found == migrations_.end() ? nullptr : &found->second;
}

const HostedMigration* Hosting::migration_of(const HostedLog& log) const {
  for (const auto& [domain, each] : migrations_) {
    if (each.from == &log || each.to == &log) return &each;
  }
  return nullptr;
}

AccessConfiguration Hosting::access(const HostedLog& hosted, const Label& label) const {
  const auto found = domains_of_.find(hosted.alias);
  if (found == domains_of_.end()) return {};
  const auto resolved = table_.resolve(label);
  std::optional<AccessConfiguration> strictest;
  for (const DomainConfiguration* const domain : found->second) {
    const AccessConfiguration& access = domain->access;
    if (resolved && resolved->domain == *domain->name) return access;
    if (!strictest) strictest = access;
    strictest->search = std::max(strictest->search, access.search);
    strictest->update = std::max(strictest->update, access.update);
    strictest->monitor = std::max(strictest->monitor, access.monitor);
  }
  return *strictest;
}

LabelOwner Hosting::owner(const HostedLog& hosted, const Label& label) const {
  const auto found = domains_of_.find(hosted.alias);
  const auto resolved = table_.resolve(label);
  if (found == domains_of_.end() || !resolved) return {};
  const bool is_of_log = std::any_of(
      found->second.begin(), found->second.end(),
      [&](const DomainConfiguration* domain) { return *domain->name == resolved->domain; });
  if (!is_of_log) return {};
  return {resolved->domain, resolved->label == label};
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

}  // namespace kt::gateway
