#include "routing/current_table.h"

#include <atomic>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "names.h"

namespace kt::routing {
namespace {

const federation::Domain& home() {
  static const federation::Domain domain = domain_of("example.com");
  return domain;
}

RoutingTable table_with(const LogId& log) {
  std::vector<DomainRouting> domains;
  domains.push_back({home(), federation::LabelRule::bytes, make_single(log)});
  return must(RoutingTable::create(std::move(domains), std::nullopt, {log}));
}

LogId routed_to(const RoutingTable& table) {
  return must(table.route(Operation::search, home(), label_of("a"))).front().log;
}

TEST(CurrentTable, ASnapshotStaysWhatItWas) {
  CurrentTable current(table_with(log_of(1)));
  const auto before = current.snapshot();
  current.replace(table_with(log_of(2)));
  EXPECT_EQ(routed_to(*before), log_of(1));
  EXPECT_EQ(routed_to(*current.snapshot()), log_of(2));
}

TEST(CurrentTable, ATableIsFreedWithItsLastSnapshot) {
  CurrentTable current(table_with(log_of(1)));
  auto snapshot = current.snapshot();
  const std::weak_ptr<const RoutingTable> watch = snapshot;
  current.replace(table_with(log_of(2)));
  EXPECT_FALSE(watch.expired());
  snapshot.reset();
  EXPECT_TRUE(watch.expired());
}

// Readers see tables in the order in which they came into force.
TEST(CurrentTable, ManyReadersDuringReloads) {
  constexpr std::uint8_t kTables = 200;
  CurrentTable current(table_with(log_of(0)));
  std::atomic<int> disorders = 0;
  std::vector<std::thread> readers;
  for (int i = 0; i < 4; ++i) {
    readers.emplace_back([&] {
      LogId last = log_of(0);
      while (last != log_of(kTables)) {
        const LogId now = routed_to(*current.snapshot());
        if (now < last) ++disorders;
        last = now;
      }
    });
  }
  for (std::uint8_t i = 1; i <= kTables; ++i) current.replace(table_with(log_of(i)));
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(disorders, 0);
}

}  // namespace
}  // namespace kt::routing
