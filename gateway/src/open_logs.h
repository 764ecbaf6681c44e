// The logs that a gateway has open, its own and those that it asks at other gateways, whom it asks
// who may, and its relay to other domains. Internal.
//
// Thread rule: one thread; the logs themselves any.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "configuration.h"
#include "hosting.h"
#include "migrations.h"
#include "program/interrupt.h"

namespace kt::gateway {

class OpenLogs {
 public:
  // What `configuration` says, with the logs that are open already, known by their directories, and
  // the others, which are opened now. It borrows the logs. Logs at other gateways are known by
  // their aliases, and taken up anew if anything of them has changed, their files included; so is
  // the authoriser and the relay.
  // Blocking, until every new log has an entry or something is in its way, or `interrupt` came; no
  // other gateway is waited for. Errors: those of Log::open(), read_upstream_files(),
  // Upstream::open(), read_authoriser_files(), Authoriser::open(), Relay::open(), open_lmdb_store()
  // for the state, and Hosting::create(); rejected when two of them are copies of one log, or when
  // what an open log was opened with is to change.
  // `migrations` are of state_store(), or null.
  Result<std::shared_ptr<const Hosting>> host(const GatewayConfiguration& configuration,
                                              const program::Interrupt& interrupt,
                                              Migrations* migrations = nullptr);

  // What the gateway itself keeps in the directory `state`, which is made if need be, for the
  // gateway's user alone. There is one. Errors: those of make_directory() and open_lmdb_store().
  Result<store::Store*> state_store(const std::filesystem::path& state);

  // Where evidence is kept, in the directory `state`. Errors: those of make_directory().
  static Result<std::filesystem::path> evidence_directory(const std::filesystem::path& state);

  // Closes the logs that nothing has that host() gave and that is still there. Blocking.
  void close_unused();
  // Closes all; they answer what waits. Requires: nobody calls them any more.
  void close_all() {
    logs_.clear();
    for (const auto& upstream : upstreams_) upstream->close();
    for (const auto& authoriser : authorisers_) authoriser->close();
    for (const auto& relay : relays_) relay->close();
  }

 private:
  struct OpenLog {
    ServedLogConfiguration opened_with;
    std::unique_ptr<log::Log> log;
  };

  // `sealed` are the logs that are to sign no more.
  Result<log::Log*> open(const ServedLogConfiguration& named, const std::set<LogId>& sealed,
                         const program::Interrupt& interrupt);
  Result<std::shared_ptr<Upstream>> open(const RemoteLogConfiguration& named,
                                         const std::filesystem::path& state);

  Result<std::shared_ptr<Authoriser>> open(const AuthoriserConfiguration& named);
  // Null when there is to be none.
  Result<std::shared_ptr<Relay>> open_relay(const GatewayConfiguration& configuration);

  Result<SigningState> signing_state(const std::filesystem::path& directory);

  std::map<std::filesystem::path, OpenLog> logs_;
  std::unique_ptr<store::Store> store_;  // there when it was asked for
  // All that a Hosting may still have, so that they end on this thread; the newest of an alias
  // last.
  std::vector<std::shared_ptr<Upstream>> upstreams_;
  std::vector<std::shared_ptr<Authoriser>> authorisers_;  // in the same way
  std::vector<std::shared_ptr<Relay>> relays_;
  std::vector<std::weak_ptr<const Hosting>> given_;
};

}  // namespace kt::gateway
