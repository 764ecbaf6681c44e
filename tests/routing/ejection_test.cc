#include "ejection.h"

#include <gtest/gtest.h>

#include "retry_budget.h"

namespace kt::routing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr double kNoJitter = 0.5;

class EjectionTest : public ::testing::Test {
 protected:
  void fail_in_a_row(unsigned times, std::optional<seconds> retry_after = {}) {
    for (unsigned i = 0; i < times; ++i) {
      const auto pass = ejection_.admit(now_);
      ASSERT_TRUE(pass.has_value());
      ejection_.failed(*pass, now_, kNoJitter, retry_after);
    }
  }
  // Whether the ejection of now ends after `pause` and not before. Takes the probe.
  void expect_probe_after(milliseconds pause) {
    EXPECT_FALSE(ejection_.admit(now_ + pause - milliseconds(1)).has_value());
    EXPECT_EQ(ejection_.left(now_), pause);
    now_ += pause;
    EXPECT_EQ(ejection_.left(now_), milliseconds(0));
    const auto probe = ejection_.admit(now_);
    ASSERT_TRUE(probe.has_value());
    EXPECT_TRUE(probe->is_probe);
    EXPECT_FALSE(ejection_.admit(now_).has_value()) << "one probe at a time";
  }

  Ejection ejection_;
  Ejection::TimePoint now_{};
};

TEST_F(EjectionTest, FailuresInARowEject) {
  fail_in_a_row(Ejection::kFailures - 1);
  EXPECT_FALSE(ejection_.is_ejected());
  ejection_.succeeded();
  fail_in_a_row(Ejection::kFailures - 1);
  EXPECT_FALSE(ejection_.is_ejected());
  fail_in_a_row(1);
  EXPECT_TRUE(ejection_.is_ejected());
  expect_probe_after(Ejection::kFirst);
  ejection_.succeeded();
  EXPECT_FALSE(ejection_.is_ejected());
  EXPECT_FALSE(ejection_.admit(now_)->is_probe);
  fail_in_a_row(Ejection::kFailures - 1);
  EXPECT_FALSE(ejection_.is_ejected()) << "the failures before the success count";
}

TEST_F(EjectionTest, EachProbeThatFailsDoublesThePauseUpToALimit) {
  fail_in_a_row(Ejection::kFailures);
  milliseconds pause = Ejection::kFirst;
  for (int i = 0; i < 40; ++i) {
    expect_probe_after(pause);
    ejection_.failed({true}, now_, kNoJitter);
    pause = std::min(2 * pause, Ejection::kLongest);
  }
  expect_probe_after(Ejection::kLongest);
}

TEST_F(EjectionTest, JitterMovesTheEndByAQuarter) {
  for (const auto& [jitter, pause] : {std::pair{0.0, 750}, {1.0, 1250}, {7.0, 1250}}) {
    ejection_ = Ejection();
    for (unsigned i = 0; i < Ejection::kFailures; ++i) ejection_.failed({}, now_, jitter);
    expect_probe_after(milliseconds(pause));
  }
}

TEST_F(EjectionTest, WhatTheOtherSideAsksForIsFollowedWithinTheLimit) {
  fail_in_a_row(Ejection::kFailures, seconds(7));
  expect_probe_after(seconds(7));
  ejection_.failed({true}, now_, kNoJitter, seconds(4'000'000'000));
  expect_probe_after(Ejection::kLongest);
}

TEST_F(EjectionTest, RequestsFromBeforeSayNothingWhenTheyFail) {
  const auto early = ejection_.admit(now_);
  fail_in_a_row(Ejection::kFailures);
  ejection_.failed(*early, now_, kNoJitter);
  expect_probe_after(Ejection::kFirst);
  ejection_.failed(*early, now_, kNoJitter);
  EXPECT_FALSE(ejection_.admit(now_).has_value()) << "the probe is still out";
  ejection_.succeeded();  // one of the early ones, too
  EXPECT_TRUE(ejection_.admit(now_).has_value());
}

TEST(RetryBudget, IsAPartOfTheRequests) {
  RetryBudget budget;
  int repeated = 0;
  constexpr int kRequests = 1000;
  for (int i = 0; i < kRequests; ++i) {
    budget.note_request();
    if (budget.take()) ++repeated;
  }
  EXPECT_NEAR(repeated, kRequests * RetryBudget::kPart + RetryBudget::kAtFirst, 2);
  for (int i = 0; i < kRequests; ++i) budget.note_request();
  for (repeated = 0; budget.take();) ++repeated;
  EXPECT_EQ(repeated, static_cast<int>(RetryBudget::kMost));
}

}  // namespace
}  // namespace kt::routing
