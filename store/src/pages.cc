#include "store/pages.h"

#include <chrono>

namespace kt::store {
namespace {

// When a page is full, whichever comes first.
constexpr std::size_t kPageRecords = 10'000;
constexpr std::size_t kPageBytes = std::size_t{8} << 20;
constexpr std::chrono::seconds kPageTime{2};

class PageLimit {
 public:
  // Whether there is room for more after a record of so many bytes.
  [[nodiscard]] bool has_room_after(std::size_t bytes) {
    ++records_;
    bytes_ += bytes;
    return records_ < kPageRecords && bytes_ < kPageBytes &&
           std::chrono::steady_clock::now() < deadline_;
  }

 private:
  std::chrono::steady_clock::time_point deadline_ = std::chrono::steady_clock::now() + kPageTime;
  std::size_t records_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace

Result<std::vector<OwnedRecord>> read_page(const Store& store, Table table, ByteView after) {
  KT_TRY(const auto snapshot, store.snapshot());
  PageLimit limit;
  std::vector<OwnedRecord> page;
  KT_TRY(snapshot->scan(table, after, [&](const Record& record) -> Result<bool> {
    if (!after.empty() && equal(record.key, after)) return true;
    page.push_back({to_bytes(record.key), to_bytes(record.value)});
    return limit.has_room_after(record.key.size() + record.value.size());
  }));
  return page;
}

Result<std::vector<CheckedRecord>> read_checked_page(const Store& store, Table table,
                                                     ByteView after) {
  KT_TRY(const auto snapshot, store.snapshot());
  PageLimit limit;
  std::vector<CheckedRecord> page;
  KT_TRY(snapshot->scan_keys(table, after, [&](ByteView key) -> Result<bool> {
    if (!after.empty() && equal(key, after)) return true;
    const auto value = snapshot->get(table, key);
    if (!value && value.error().code != Errc::corrupt) return tl::unexpected<Error>(value.error());
    std::size_t bytes = key.size();
    if (!value) {
      page.push_back({to_bytes(key), tl::unexpected<Error>(value.error())});
    } else if (!*value) {
      page.push_back({to_bytes(key), fail(Errc::corrupt, "a record is not found by its key")});
    } else {
      page.push_back({to_bytes(key), to_bytes(**value)});
      bytes += (*value)->size();
    }
    return limit.has_room_after(bytes);
  }));
  return page;
}

}  // namespace kt::store
