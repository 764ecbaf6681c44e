#include "store/pages.h"

#include <chrono>

namespace kt::store {
namespace {

// When a page is full, whichever comes first.
constexpr std::size_t kPageRecords = 10'000;
constexpr std::size_t kPageBytes = std::size_t{8} << 20;
constexpr std::chrono::seconds kPageTime{2};

}  // namespace

Result<std::vector<OwnedRecord>> read_page(const Store& store, Table table, ByteView after) {
  KT_TRY(const auto snapshot, store.snapshot());
  const auto deadline = std::chrono::steady_clock::now() + kPageTime;
  std::vector<OwnedRecord> page;
  std::size_t bytes = 0;
  KT_TRY(snapshot->scan(table, after, [&](const Record& record) -> Result<bool> {
    if (!after.empty() && equal(record.key, after)) return true;
    page.push_back({to_bytes(record.key), to_bytes(record.value)});
    bytes += record.key.size() + record.value.size();
    return page.size() < kPageRecords && bytes < kPageBytes &&
           std::chrono::steady_clock::now() < deadline;
  }));
  return page;
}

}  // namespace kt::store
