// Counts the snapshots of a store, and keeps new ones out while the map is replaced. Internal.
//
// Thread rule: any thread; enter() and leave() need not be called by the same one.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace kt::store {

class ReaderGate {
 public:
  explicit ReaderGate(unsigned limit) : limit_(limit) {}

  // Waits while the gate is closed. Whether there was room for one more.
  [[nodiscard]] bool enter() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !closed_; });
    if (inside_ == limit_) return false;
    ++inside_;
    return true;
  }
  void leave() {
    const std::lock_guard lock(mutex_);
    --inside_;
    changed_.notify_all();
  }

  // Closes the gate and waits until nobody is inside. If that takes longer than `patience`, the
  // gate opens again and the result is false.
  [[nodiscard]] bool close(std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    closed_ = true;
    if (changed_.wait_for(lock, patience, [this] { return inside_ == 0; })) return true;
    closed_ = false;
    changed_.notify_all();
    return false;
  }
  void open() {
    const std::lock_guard lock(mutex_);
    closed_ = false;
    changed_.notify_all();
  }

 private:
  const unsigned limit_;
  std::mutex mutex_;
  std::condition_variable changed_;
  unsigned inside_ = 0;
  bool closed_ = false;
};

}  // namespace kt::store
