#include "routing/current_table.h"

#include <utility>

namespace kt::routing {

CurrentTable::CurrentTable(RoutingTable table)
    : table_(std::make_shared<const RoutingTable>(std::move(table))) {}

std::shared_ptr<const RoutingTable> CurrentTable::snapshot() const {
  const std::lock_guard lock(mutex_);
  return table_;
}

void CurrentTable::replace(RoutingTable table) {
  auto next = std::make_shared<const RoutingTable>(std::move(table));
  const std::lock_guard lock(mutex_);
  table_.swap(next);  // the old one is freed, if at all, when the lock is no longer held
}

}  // namespace kt::routing
