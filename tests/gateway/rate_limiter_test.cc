// How often a caller may ask.
#include "rate_limiter.h"

#include <gtest/gtest.h>

namespace kt::gateway {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Rate kRate{10, 3};  // one in 100 ms

class RateLimiterTest : public ::testing::Test {
 protected:
  // How long a caller has to wait; 0 for one who may go on.
  std::chrono::nanoseconds wait_of(std::string_view caller, milliseconds at, Rate rate = kRate) {
    return limiter_.take(caller, rate, begin_ + at).value_or(std::chrono::nanoseconds(0));
  }

  RateLimiter limiter_;
  const RateLimiter::Time begin_ = std::chrono::steady_clock::now();
};

TEST_F(RateLimiterTest, GivesABurstAndThenTheRate) {
  for (int i = 0; i < 3; ++i) EXPECT_EQ(wait_of("a", milliseconds(0)), milliseconds(0));
  EXPECT_EQ(wait_of("a", milliseconds(0)), milliseconds(100));
  EXPECT_EQ(wait_of("a", milliseconds(60)), milliseconds(40));
  EXPECT_EQ(wait_of("a", milliseconds(100)), milliseconds(0));
  EXPECT_EQ(wait_of("a", milliseconds(100)), milliseconds(100));
  // Who was refused has not paid for it.
  EXPECT_EQ(wait_of("a", milliseconds(200)), milliseconds(0));
}

TEST_F(RateLimiterTest, APauseGivesNoMoreThanTheBurst) {
  for (int i = 0; i < 3; ++i) EXPECT_EQ(wait_of("a", milliseconds(0)), milliseconds(0));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(wait_of("a", seconds(3600)), milliseconds(0));
  EXPECT_EQ(wait_of("a", seconds(3600)), milliseconds(100));
}

TEST_F(RateLimiterTest, CallersDoNotPayForEachOther) {
  for (int i = 0; i < 10; ++i) (void)wait_of("a", milliseconds(0));
  // Each shares a slot with "a" once in 65536 keys.
  EXPECT_EQ(wait_of("b", milliseconds(0)), milliseconds(0));
}

TEST_F(RateLimiterTest, NoRateIsNoLimit) {
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(wait_of("a", milliseconds(0), {0, 1}), milliseconds(0));
}

}  // namespace
}  // namespace kt::gateway
