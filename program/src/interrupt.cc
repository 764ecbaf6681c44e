#include "program/interrupt.h"

#include <cerrno>
#include <csignal>
#include <poll.h>
#include <sys/signalfd.h>
#include <system_error>
#include <unistd.h>

namespace kt::program {

Interrupt::Interrupt() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  if (const int code = pthread_sigmask(SIG_BLOCK, &signals, nullptr); code != 0)
    throw std::system_error(code, std::generic_category(), "signals cannot be blocked");
  descriptor_ = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  if (descriptor_ < 0)
    throw std::system_error(errno, std::generic_category(), "signals cannot be read");
}

Interrupt::~Interrupt() { close(descriptor_); }

bool Interrupt::came() const {
  pollfd wait{descriptor_, POLLIN, 0};
  return poll(&wait, 1, 0) == 1;
}

}  // namespace kt::program
