#include "pruning_thread.h"

namespace kt::log {
namespace {

// Of the time, pruning takes one part and leaves the sequencer so many.
constexpr int kRest = 3;

}  // namespace

PruningThread::~PruningThread() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_.notify_all();
  thread_.join();
}

Pruned PruningThread::pruned() const {
  const std::lock_guard lock(mutex_);
  return pruned_;
}

std::optional<Error> PruningThread::error() const {
  const std::lock_guard lock(mutex_);
  return error_;
}

void PruningThread::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    const auto pause = step();
    lock.lock();
    stop_.wait_for(lock, pause, [this] { return stopping_; });
  }
}

std::chrono::nanoseconds PruningThread::step() {
  const auto start = std::chrono::steady_clock::now();
  const auto goes_on = pruner_.step(*published_.get());
  const auto taken = std::chrono::steady_clock::now() - start;
  const std::lock_guard lock(mutex_);
  pruned_ = pruner_.pruned();
  error_ = goes_on ? std::nullopt : std::optional<Error>(goes_on.error());
  if (goes_on && *goes_on) return taken * kRest;
  return interval_;
}

}  // namespace kt::log
