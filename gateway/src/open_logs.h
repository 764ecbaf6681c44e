// The logs that a gateway has open. Internal.
//
// Thread rule: one thread; the logs themselves any.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <vector>

#include "configuration.h"
#include "hosting.h"
#include "program/interrupt.h"

namespace kt::gateway {

class OpenLogs {
 public:
  // What `configuration` says, with the logs that are open already, known by their directories, and
  // the others, which are opened now. It borrows the logs. Blocking, until every new log has an
  // entry or something is in its way, or `interrupt` came.
  // Errors: those of Log::open() and Hosting::create(); rejected when two of them are copies of
  // one log, or when what an open log was opened with is to change.
  Result<std::shared_ptr<const Hosting>> host(const GatewayConfiguration& configuration,
                                              const program::Interrupt& interrupt);

  // Closes the logs that nothing has that host() gave and that is still there. Blocking.
  void close_unused();
  // Closes all; they answer what waits. Requires: nobody calls them any more.
  void close_all() { logs_.clear(); }

 private:
  struct OpenLog {
    ServedLogConfiguration opened_with;
    std::unique_ptr<log::Log> log;
  };

  Result<log::Log*> open(const ServedLogConfiguration& named, const program::Interrupt& interrupt);

  std::map<std::filesystem::path, OpenLog> logs_;
  std::vector<std::weak_ptr<const Hosting>> given_;
};

}  // namespace kt::gateway
