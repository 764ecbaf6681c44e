// Prunes a log while it runs. Internal.
//
// Thread rule: pruned() and error() from any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "pruner.h"
#include "sequencer.h"

namespace kt::log {

class PruningThread {
 public:
  // Borrows `published`, and what `pruner` does. Prunes at once, and whenever `interval` has
  // passed.
  PruningThread(Pruner pruner, const Published& published, std::chrono::milliseconds interval)
      : pruner_(std::move(pruner)),
        published_(published),
        interval_(interval),
        thread_([this] { run(); }) {}
  PruningThread(const PruningThread&) = delete;
  PruningThread& operator=(const PruningThread&) = delete;
  ~PruningThread();

  [[nodiscard]] Pruned pruned() const;
  // Why the last attempt ended early, if it did.
  [[nodiscard]] std::optional<Error> error() const;

 private:
  void run();
  // One step; how long to wait before the next.
  std::chrono::nanoseconds step();

  Pruner pruner_;
  const Published& published_;
  const std::chrono::milliseconds interval_;

  mutable std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;
  Pruned pruned_;
  std::optional<Error> error_;
  std::thread thread_;
};

}  // namespace kt::log
