#include "program/interrupt.h"

#include <cerrno>
#include <csignal>
#include <poll.h>
#include <sys/signalfd.h>
#include <system_error>
#include <unistd.h>

namespace kt::program {

Interrupt::Interrupt(std::initializer_list<int> signals) {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : signals) sigaddset(&set, signal);
  if (const int code = pthread_sigmask(SIG_BLOCK, &set, nullptr); code != 0)
    throw std::system_error(code, std::generic_category(), "signals cannot be blocked");
  descriptor_ = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (descriptor_ < 0)
    throw std::system_error(errno, std::generic_category(), "signals cannot be read");
}

Interrupt::~Interrupt() { close(descriptor_); }

bool Interrupt::came() const {
  pollfd wait{descriptor_, POLLIN, 0};
  return poll(&wait, 1, 0) == 1;
}

bool Interrupt::take() const {
  bool any = false;
  signalfd_siginfo info{};
  while (read(descriptor_, &info, sizeof(info)) == static_cast<ssize_t>(sizeof(info))) any = true;
  return any;
}

}  // namespace kt::program
