// What a gateway serves, and to whom: what its configuration said when it was last read. Internal.
//
// Thread rule: any thread; nothing changes after it was made.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "configuration.h"
#include "log/log.h"
#include "principals.h"
#include "routing/log_service.h"
#include "routing/routing_table.h"

namespace kt::gateway {

// A log and what is said of it in the configuration.
struct HostedLog {
  std::string alias;
  // The principals' names. Nobody may do what nobody is named for.
  std::optional<std::string> writer;
  std::optional<std::string> auditor;
  log::Log* log = nullptr;
  std::unique_ptr<routing::LogService> service;  // the same log
};

class Hosting {
 public:
  // Borrows the logs, which are those that `table` leads to.
  Hosting(std::vector<HostedLog> logs, routing::RoutingTable table,
          const std::vector<PrincipalConfiguration>& principals, const LimitsConfiguration& limits);
  Hosting(const Hosting&) = delete;
  Hosting& operator=(const Hosting&) = delete;

  [[nodiscard]] const std::vector<HostedLog>& logs() const { return logs_; }
  // The log with this LogId in hex, or this alias. Null when there is none.
  [[nodiscard]] const HostedLog* find_log(std::string_view name) const;
  // The log with this LogId. Requires: it is there.
  [[nodiscard]] const HostedLog& log(const LogId& id) const;
  [[nodiscard]] const routing::RoutingTable& table() const { return table_; }
  [[nodiscard]] const Principals& principals() const { return principals_; }
  // Bytes of a body.
  [[nodiscard]] std::size_t request_limit() const { return request_limit_; }
  [[nodiscard]] std::size_t update_limit() const { return update_limit_; }

 private:
  const std::vector<HostedLog> logs_;
  std::map<std::string, const HostedLog*, std::less<>> names_;
  const routing::RoutingTable table_;
  const Principals principals_;
  const std::size_t request_limit_;
  const std::size_t update_limit_;
};

// The domains of `configuration` with their policies over `logs`, which are those of it.
// Errors: those of routing::RoutingTable::create().
Result<routing::RoutingTable> make_routing_table(const GatewayConfiguration& configuration,
                                                 const std::vector<HostedLog>& logs);

}  // namespace kt::gateway
