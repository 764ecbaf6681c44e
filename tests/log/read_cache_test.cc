// What the cache gives back, how much it keeps, and what its readers see while others write.
#include "read_cache.h"

#include <array>
#include <atomic>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace kt::log {
namespace {

using Key = ReadCache::Key;
using Kind = ReadCache::Kind;

constexpr std::size_t kSlotSize = ReadCache::kRecordSize + 16;

Key node_key(std::uint64_t number) { return {Kind::prefix_node, number}; }

// Different for different keys, of different sizes, and each byte of it follows from the first.
Bytes record_of(Key key) {
  Bytes record(1 + (key.number + 7 * static_cast<std::size_t>(key.kind)) % ReadCache::kRecordSize);
  record[0] = static_cast<std::uint8_t>(key.number * 31 + static_cast<std::uint64_t>(key.kind));
  for (std::size_t i = 1; i < record.size(); ++i)
    record[i] = static_cast<std::uint8_t>(record[i - 1] * 5 + 1);
  return record;
}

bool holds(const ReadCache& cache, Key key) {
  const auto found = cache.find(key);
  if (found) {
    EXPECT_TRUE(equal(found->view(), record_of(key)));
  }
  return found.has_value();
}

TEST(ReadCache, GivesBackWhatWasPut) {
  ReadCache cache(std::size_t{1} << 20);
  std::vector<Key> keys;
  for (const Kind kind : {Kind::prefix_node, Kind::entry, Kind::log_node}) {
    for (const std::uint64_t number :
         {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{17}, (std::uint64_t{1} << 54U) - 1})
      keys.push_back({kind, number});
  }
  for (const Key key : keys) EXPECT_FALSE(holds(cache, key));
  for (const Key key : keys) {
    cache.put(key, record_of(key));
    EXPECT_TRUE(holds(cache, key));
  }
  cache.put(node_key(5), {});
  ASSERT_TRUE(cache.find(node_key(5)).has_value());
  EXPECT_TRUE(cache.find(node_key(5))->view().empty());
}

TEST(ReadCache, KeepsNoMoreThanItWasGiven) {
  constexpr std::size_t kSlots = 1'000;
  ReadCache cache(kSlots * kSlotSize);
  constexpr std::uint64_t kRecords = 20 * kSlots;
  for (std::uint64_t number = 0; number < kRecords; ++number) {
    cache.put(node_key(number), record_of(node_key(number)));
    EXPECT_TRUE(holds(cache, node_key(number)));
  }
  std::size_t kept = 0;
  for (std::uint64_t number = 0; number < kRecords; ++number)
    kept += holds(cache, node_key(number)) ? 1 : 0;
  EXPECT_LE(kept, kSlots);
  EXPECT_GT(kept, kSlots * 9 / 10);
}

TEST(ReadCache, WithoutRoomNothingIsKept) {
  for (const std::size_t bytes : {std::size_t{0}, kSlotSize - 1}) {
    ReadCache cache(bytes);
    cache.put(node_key(1), record_of(node_key(1)));
    EXPECT_FALSE(holds(cache, node_key(1)));
  }
}

// A damaged record may name a node of any number.
TEST(ReadCache, NumbersThatAreTooLargeAreNotKept) {
  ReadCache cache(kSlotSize);
  for (const std::uint64_t number : {std::uint64_t{1} << 54U, ~std::uint64_t{0}}) {
    cache.put(node_key(number), record_of(node_key(number)));
    EXPECT_FALSE(holds(cache, node_key(number)));
  }
}

// Two writers and a reader at one slot. Both records are as long as a record can be.
TEST(ReadCache, ReadersSeeWholeRecordsOnly) {
  ReadCache cache(kSlotSize);
  const std::array<Key, 2> keys{node_key(ReadCache::kRecordSize - 1),
                                node_key(2 * ReadCache::kRecordSize - 1)};
  std::atomic<bool> done = false;
  std::vector<std::thread> writers;
  for (const Key key : keys) {
    writers.emplace_back([&cache, &done, key] {
      const Bytes record = record_of(key);
      while (!done) cache.put(key, record);
    });
  }
  const std::array<Bytes, 2> records{record_of(keys[0]), record_of(keys[1])};
  std::size_t found = 0;
  std::size_t torn = 0;
  for (std::size_t i = 0; found < 2'000'000; ++i) {
    const auto read = cache.find(keys[i % 2]);
    if (!read) continue;
    ++found;
    torn += equal(read->view(), records[i % 2]) ? 0 : 1;
  }
  done = true;
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(torn, 0U);
}

}  // namespace
}  // namespace kt::log
