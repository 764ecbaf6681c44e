#include "program/interrupt.h"

#include <csignal>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace kt::program {
namespace {

// Whether an Interrupt notices `signal`, and nothing before it. In a child, for it blocks signals.
bool is_noticed(int signal) {
  const pid_t child = fork();
  if (child == 0) {
    const Interrupt interrupt;
    const bool came_before = interrupt.came();
    raise(signal);
    pollfd wait{interrupt.descriptor(), POLLIN, 0};
    _exit(!came_before && interrupt.came() && poll(&wait, 1, 0) == 1 ? 0 : 1);
  }
  int status = 0;
  return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST(Interrupt, NoticesWhatAsksToStop) {
  EXPECT_TRUE(is_noticed(SIGINT));
  EXPECT_TRUE(is_noticed(SIGTERM));
  EXPECT_FALSE(is_noticed(SIGCONT));
}

}  // namespace
}  // namespace kt::program
