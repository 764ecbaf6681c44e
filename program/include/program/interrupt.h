// Signals as something to read: SIGINT and SIGTERM for a command that finishes what it has begun,
// others for one that goes on.
//
// Thread rule: made before other threads are, which inherit that they do not get the signals.
#pragma once

#include <csignal>
#include <initializer_list>

namespace kt::program {

class Interrupt {
 public:
  // Throws when the system refuses.
  explicit Interrupt(std::initializer_list<int> signals = {SIGINT, SIGTERM});
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;
  ~Interrupt();

  // Has something to read once a signal came.
  [[nodiscard]] int descriptor() const { return descriptor_; }
  [[nodiscard]] bool came() const;
  // Whether a signal came that was not taken yet.
  [[nodiscard]] bool take() const;

 private:
  int descriptor_ = -1;
};

}  // namespace kt::program
