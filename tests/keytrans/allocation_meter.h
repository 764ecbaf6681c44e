// How much memory a piece of code holds at once, for programs that link allocation_meter.cc: that
// replaces the global operator new and delete. Thread rule: one thread at a time.
#pragma once

#include <cstddef>

namespace kt {

// Watches from its construction on.
class AllocationMeter {
 public:
  AllocationMeter();

  // The most bytes held at one time in addition to those held at the beginning.
  [[nodiscard]] std::size_t peak() const;

 private:
  std::size_t start_;
};

}  // namespace kt
