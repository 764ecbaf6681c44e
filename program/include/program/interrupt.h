// SIGINT and SIGTERM as something to read, for a command that finishes what it has begun.
//
// Thread rule: made before other threads are, which inherit that they do not get the signals.
#pragma once

namespace kt::program {

class Interrupt {
 public:
  // Throws when the system refuses.
  Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;
  ~Interrupt();

  // Has something to read once a signal came.
  [[nodiscard]] int descriptor() const { return descriptor_; }
  [[nodiscard]] bool came() const;

 private:
  int descriptor_ = -1;
};

}  // namespace kt::program
