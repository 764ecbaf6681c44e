// The routing table in force.
//
// A reload replaces it in one step. Who took a snapshot keeps it, so that a request is decided by
// one table from its beginning to its end; it is freed when the last of them is done.
//
// Thread rule: any thread.
#pragma once

#include <memory>
#include <mutex>

#include "routing/routing_table.h"

namespace kt::routing {

class CurrentTable {
 public:
  explicit CurrentTable(RoutingTable table);

  // Never null.
  [[nodiscard]] std::shared_ptr<const RoutingTable> snapshot() const;

  void replace(RoutingTable table);

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const RoutingTable> table_;
};

}  // namespace kt::routing
