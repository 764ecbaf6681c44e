// A loop on several processors. Internal.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <pthread.h>
#include <sched.h>
#include <system_error>
#include <thread>
#include <vector>

namespace kt::log {

// Has this thread run only where no other thread wants to, see sched(7). Without it, a batch of
// updates on all processors makes those who answer wait for a whole slice of the scheduler.
inline void give_way() noexcept {
  const sched_param none{};
  ::pthread_setschedparam(::pthread_self(), SCHED_IDLE, &none);  // where it may not, it goes on
}

// Calls `body(i)` for each i below `count`, on up to `threads` threads, this one among them. All
// but this one give way. `body` must not throw.
template <class Body>
void parallel_for(std::size_t count, unsigned threads, const Body& body) {
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < count; i = next++) body(i);
  };
  // A thread costs about as much as one VRF, so a few are not worth it.
  const std::size_t helpers = std::min<std::size_t>(std::max(threads, 1U), (count + 3) / 4);
  std::vector<std::thread> running;
  try {
    for (std::size_t i = 1; i < helpers; ++i)
      running.emplace_back([&work] {
        give_way();
        work();
      });
  } catch (const std::system_error&) {
    // The system has no more threads to give; those there are do the work.
  }
  work();
  for (std::thread& thread : running) thread.join();
}

}  // namespace kt::log
