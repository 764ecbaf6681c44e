// The connections of an HTTP server. Internal.
//
// Thread rule: any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <set>

namespace kt::gateway {

// One connection, as far as others see it.
class Session {
 public:
  virtual ~Session() = default;
  // Closes the connection if no request is under way.
  virtual void close_if_idle() = 0;
};

// Those there are. Each adds itself, and removes itself before it goes.
class Sessions {
 public:
  void add(Session* session) {
    const std::lock_guard lock(mutex_);
    sessions_.insert(session);
  }
  void remove(Session* session) {
    {
      const std::lock_guard lock(mutex_);
      sessions_.erase(session);
    }
    none_.notify_all();
  }
  [[nodiscard]] std::size_t count() const {
    const std::lock_guard lock(mutex_);
    return sessions_.size();
  }
  template <class F>
  void for_each(F visit) const {
    const std::lock_guard lock(mutex_);
    for (Session* const session : sessions_) visit(*session);
  }
  // Until there is none, or `time` has passed.
  void wait_for_none(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    none_.wait_for(lock, time, [this] { return sessions_.empty(); });
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable none_;
  std::set<Session*> sessions_;
};

}  // namespace kt::gateway
