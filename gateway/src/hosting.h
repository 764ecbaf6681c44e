// What a gateway serves, and to whom: what its configuration said when it was last read. Internal.
//
// Thread rule: any thread; nothing changes after it was made.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "authoriser.h"
#include "configuration.h"
#include "hosted_migration.h"
#include "log/log.h"
#include "principals.h"
#include "relay.h"
#include "routing/log_service.h"
#include "routing/routing_table.h"
#include "upstream.h"

namespace kt::gateway {

// Another gateway that has a log of this one for a domain of its own: it alone writes to it.
struct LogGateway {
  std::string principal;
  federation::Domain domain;
};

// A log and what is said of it in the configuration: one in this process, or at another gateway.
struct HostedLog {
  std::string alias;
  std::filesystem::path directory;  // of one in this process
  // The principals' names. Nobody may do what nobody is named for.
  std::optional<std::string> writer;
  std::optional<std::string> auditor;
  log::Log* log = nullptr;                       // null for one at another gateway
  std::shared_ptr<routing::LogService> service;  // the same log, or the other one
  std::shared_ptr<const Upstream> upstream{};    // the other one
  std::optional<LogGateway> gateway{};           // of one in this process

  [[nodiscard]] bool is_remote() const { return log == nullptr; }
  // Whether the values of updates are signed here, and not by who sends them, when a third party
  // manages the log.
  [[nodiscard]] bool is_signed_here() const {
    return is_remote() && upstream->managed().has_value();
  }
  [[nodiscard]] const keytrans::LogConfiguration& configuration() const {
    return is_remote() ? upstream->configuration() : log->configuration();
  }
};

// The migrations there are, and what their updates need; it outlives every Hosting.
struct Moving {
  std::vector<migration::Record> records;
  std::map<federation::Domain, std::shared_ptr<MigrationActivity>> activity{};  // of each record
  migration::Journal* journal = nullptr;
  boost::asio::thread_pool* pool = nullptr;  // for what waits for the disk
};

class Hosting {
 public:
  // The logs and domains of `configuration`; `logs` are those of it, and those in this process are
  // borrowed. So is its authoriser. A domain whose labels are moving has both logs, whichever of
  // them is named first.
  // Errors: those of routing::RoutingTable::create(); rejected for a domain that is to publish a
  // directory document and has a log that a third party manages, which nothing can be put into
  // here; and for one whose labels are moving when the logs are not there that they move between.
  // `relay` is null where there is none.
  static Result<std::shared_ptr<const Hosting>> create(
      const GatewayConfiguration& configuration, std::vector<HostedLog> logs, Moving moving = {},
      std::shared_ptr<Authoriser> authoriser = nullptr, std::shared_ptr<Relay> relay = nullptr);
  Hosting(const Hosting&) = delete;
  Hosting& operator=(const Hosting&) = delete;

  [[nodiscard]] const std::vector<HostedLog>& logs() const { return logs_; }
  [[nodiscard]] const std::vector<DomainConfiguration>& domains() const { return domains_; }
  [[nodiscard]] const std::optional<federation::Domain>& default_domain() const {
    return default_domain_;
  }
  // The log with this LogId in hex, or this alias. Null when there is none.
  [[nodiscard]] const HostedLog* find_log(std::string_view name) const;
  // The log with this LogId. Requires: it is there.
  [[nodiscard]] const HostedLog& log(const LogId& id) const;
  [[nodiscard]] const routing::RoutingTable& table() const { return table_; }
  // Of a domain, and of a log that is one of the two. Null when there is none, or it is finished
  // and the configuration has followed.
  [[nodiscard]] const HostedMigration* migration(const federation::Domain& domain) const;
  [[nodiscard]] const HostedMigration* migration_of(const HostedLog& log) const;
  // The rules for `label` in `hosted`: those of its domain; where that is none of the log's
  // domains, the strictest that any of them has.
  [[nodiscard]] AccessConfiguration access(const HostedLog& hosted, const Label& label) const;
  // Whose `label` is, for the authoriser.
  [[nodiscard]] LabelOwner owner(const HostedLog& hosted, const Label& label) const;
  // Null when the configuration has none.
  [[nodiscard]] Authoriser* authoriser() const { return authoriser_.get(); }
  [[nodiscard]] const Principals& principals() const { return principals_; }
  // To other domains' gateways; null when there is none.
  [[nodiscard]] const std::shared_ptr<Relay>& relay() const { return relay_; }
  // Whether the principal of this name is the relay of another domain.
  [[nodiscard]] bool is_relay(const std::string& principal) const {
    return relays_.contains(principal);
  }
  // Bytes of a body.
  [[nodiscard]] std::size_t request_limit() const { return request_limit_; }
  [[nodiscard]] std::size_t update_limit() const { return update_limit_; }

 private:
  Hosting(const GatewayConfiguration& configuration, std::vector<HostedLog> logs,
          routing::RoutingTable table, std::shared_ptr<Authoriser> authoriser,
          std::shared_ptr<Relay> relay);

  Result<void> add_migrations(Moving moving);
  Result<void> add_migration(DomainConfiguration& domain, migration::Record record,
                             const Moving& moving);

  const std::vector<HostedLog> logs_;
  std::vector<DomainConfiguration> domains_;
  std::map<federation::Domain, HostedMigration> migrations_;
  const std::optional<federation::Domain> default_domain_;
  std::map<std::string, const HostedLog*, std::less<>> names_;
  // Of each alias that domains have.
  std::map<std::string, std::vector<const DomainConfiguration*>> domains_of_;
  const routing::RoutingTable table_;
  const std::shared_ptr<Authoriser> authoriser_;
  const Principals principals_;
  const std::shared_ptr<Relay> relay_;
  std::set<std::string> relays_;
  const std::size_t request_limit_;
  const std::size_t update_limit_;
};

}  // namespace kt::gateway
