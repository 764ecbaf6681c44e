// How many requests may be sent a second time: as a part of all requests, so that a log that fails
// because it is busy does not get more to do for it. Internal.
//
// Thread rule: one thread at a time.
#pragma once

#include <algorithm>

namespace kt::routing {

class RetryBudget {
 public:
  static constexpr double kPart = 0.2;
  static constexpr double kAtFirst = 3;
  static constexpr double kMost = 10;

  void note_request() { left_ = std::min(kMost, left_ + kPart); }
  // Whether there is one more, which is taken.
  bool take() {
    if (left_ < 1) return false;
    left_ -= 1;
    return true;
  }

 private:
  double left_ = kAtFirst;
};

}  // namespace kt::routing
