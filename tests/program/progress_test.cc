#include "program/progress.h"

#include <array>
#include <cstdio>
#include <pty.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "program/figures.h"

namespace kt::program {
namespace {

using std::chrono::milliseconds;

TEST(Progress, SaysRateAndTimeLeft) {
  EXPECT_EQ(describe_progress(450, 1'234, 1'000, milliseconds(2'000)),
            "1234 lines, 617/s, 45 %, 2s left");
  EXPECT_EQ(describe_progress(1'000, 10, 1'000, milliseconds(500)),
            "10 lines, 20/s, 100 %, 0s left");
  EXPECT_EQ(describe_progress(10, 10, 20, milliseconds(1'000), "records"),
            "10 records, 10/s, 50 %, 1s left");
  EXPECT_EQ(describe_progress(1, 1, 1'000'000, milliseconds(1'000)), "1 lines, 1/s, 0 %, 11d left");
}

TEST(Progress, SaysWhatCanBeKnown) {
  EXPECT_EQ(describe_progress(450, 100, std::nullopt, milliseconds(1'000)), "100 lines, 100/s");
  EXPECT_EQ(describe_progress(0, 0, 1'000, milliseconds(0)), "0 lines, 0/s, 0 %");
  EXPECT_EQ(describe_progress(2'000, 5, 1'000, milliseconds(1'000)),
            "5 lines, 5/s, 100 %, 0s left");
  EXPECT_EQ(describe_progress(0, 0, 0, milliseconds(1'000)), "0 lines, 0/s, 100 %, 0s left");
}

TEST(Progress, DrawsABarOnATerminalAndRemovesIt) {
  int terminal = -1;
  int other_end = -1;
  ASSERT_EQ(openpty(&terminal, &other_end, nullptr, nullptr, nullptr), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    dup2(other_end, STDERR_FILENO);
    {
      Progress progress("command", 1'000);
      while (progress.elapsed() < milliseconds(300)) progress.show(450, 10);
      // On a busy machine the loop may not have come to its turn.
      progress.show(450, 10);
    }
    std::fflush(stderr);
    _exit(0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  // With the other end closed there is an end to what can be read, which comes piece by piece.
  close(other_end);
  std::string drawn;
  std::array<char, 4096> bytes{};
  for (ssize_t size = 0; (size = read(terminal, bytes.data(), bytes.size())) > 0;)
    drawn.append(bytes.data(), static_cast<std::size_t>(size));
  close(terminal);
  ASSERT_GE(drawn.size(), 4U);
  EXPECT_EQ(drawn.find("\r\033[K[#########           ] 10 lines, "), 0U) << drawn;
  EXPECT_EQ(drawn.rfind("\r\033[K"), drawn.size() - 4) << drawn;
}

TEST(Figures, Bytes) {
  EXPECT_EQ(format_bytes(0), "0.0 KiB");
  EXPECT_EQ(format_bytes(1'536), "1.5 KiB");
  EXPECT_EQ(format_bytes(std::uint64_t{1} << 40), "1.0 TiB");
  EXPECT_EQ(format_bytes(~std::uint64_t{0}), "16777216.0 TiB");
}

}  // namespace
}  // namespace kt::program
