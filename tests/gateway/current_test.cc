#include "current.h"

#include <atomic>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace kt::gateway {
namespace {

std::shared_ptr<const int> value(int number) { return std::make_shared<const int>(number); }

TEST(Current, ASnapshotStaysWhatItWas) {
  Current<int> current(value(1));
  const auto before = current.snapshot();
  current.replace(value(2));
  EXPECT_EQ(*before, 1);
  EXPECT_EQ(*current.snapshot(), 2);
}

TEST(Current, AValueIsFreedWithItsLastSnapshot) {
  Current<int> current(value(1));
  auto snapshot = current.snapshot();
  const std::weak_ptr<const int> watch = snapshot;
  current.replace(value(2));
  EXPECT_FALSE(watch.expired());
  snapshot.reset();
  EXPECT_TRUE(watch.expired());
}

// Readers see values in the order in which they came into force.
TEST(Current, ManyReadersDuringReloads) {
  constexpr int kValues = 2000;
  Current<int> current(value(0));
  std::atomic<int> disorders = 0;
  std::vector<std::thread> readers;
  for (int i = 0; i < 4; ++i) {
    readers.emplace_back([&] {
      int last = 0;
      while (last != kValues) {
        const int now = *current.snapshot();
        if (now < last) ++disorders;
        last = now;
      }
    });
  }
  for (int i = 1; i <= kValues; ++i) current.replace(value(i));
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(disorders, 0);
}

}  // namespace
}  // namespace kt::gateway
