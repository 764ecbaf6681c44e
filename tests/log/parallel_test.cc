// Who runs the loop's turns, and that each is run once.
#include "parallel.h"

#include <atomic>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace kt::log {
namespace {

TEST(Parallel, RunsEachOnce) {
  for (const std::size_t count : {0U, 1U, 3U, 4U, 5U, 1000U}) {
    std::vector<std::atomic<int>> times(count);
    parallel_for(count, 4, [&](std::size_t i) { ++times[i]; });
    for (const auto& each : times) EXPECT_EQ(each, 1);
  }
}

// Those who answer are not to wait for a batch of VRFs.
TEST(Parallel, OnlyTheCallersThreadDoesNotGiveWay) {
  const auto caller = std::this_thread::get_id();
  std::atomic<std::size_t> giving_way = 0;
  std::atomic<bool> is_helped = false;
  parallel_for(100, 2, [&](std::size_t) {
    const bool gives_way = ::sched_getscheduler(0) == SCHED_IDLE;
    if (gives_way) {
      ++giving_way;
      is_helped = true;
      is_helped.notify_all();
      EXPECT_NE(std::this_thread::get_id(), caller);
    } else {
      EXPECT_EQ(std::this_thread::get_id(), caller);
      is_helped.wait(false);
    }
  });
  EXPECT_GT(giving_way, 0U);
}

}  // namespace
}  // namespace kt::log
