#include "progress.h"

#include <gtest/gtest.h>

#include "figures.h"

namespace kt::gateway {
namespace {

using std::chrono::milliseconds;

TEST(Progress, SaysRateAndTimeLeft) {
  EXPECT_EQ(describe_progress(450, 1'234, 1'000, milliseconds(2'000)),
            "1234 lines, 617/s, 45 %, 2s left");
  EXPECT_EQ(describe_progress(1'000, 10, 1'000, milliseconds(500)),
            "10 lines, 20/s, 100 %, 0s left");
  EXPECT_EQ(describe_progress(1, 1, 1'000'000, milliseconds(1'000)), "1 lines, 1/s, 0 %, 11d left");
}

TEST(Progress, SaysWhatCanBeKnown) {
  EXPECT_EQ(describe_progress(450, 100, std::nullopt, milliseconds(1'000)), "100 lines, 100/s");
  EXPECT_EQ(describe_progress(0, 0, 1'000, milliseconds(0)), "0 lines, 0/s, 0 %");
  EXPECT_EQ(describe_progress(2'000, 5, 1'000, milliseconds(1'000)),
            "5 lines, 5/s, 100 %, 0s left");
  EXPECT_EQ(describe_progress(0, 0, 0, milliseconds(1'000)), "0 lines, 0/s, 100 %, 0s left");
}

TEST(Figures, Bytes) {
  EXPECT_EQ(format_bytes(0), "0.0 KiB");
  EXPECT_EQ(format_bytes(1'536), "1.5 KiB");
  EXPECT_EQ(format_bytes(std::uint64_t{1} << 40), "1.0 TiB");
  EXPECT_EQ(format_bytes(~std::uint64_t{0}), "16777216.0 TiB");
}

}  // namespace
}  // namespace kt::gateway
