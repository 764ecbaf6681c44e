// The connections of an HTTP server. Internal.
//
// Thread rule: any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>

namespace kt::gateway {

// One connection, as far as others see it.
class Session {
 public:
  // `network` is the one that it comes from.
  explicit Session(std::string network) : network_(std::move(network)) {}
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  virtual ~Session() = default;

  [[nodiscard]] const std::string& network() const { return network_; }
  // Closes the connection if no request is under way.
  virtual void close_if_idle() = 0;

 private:
  const std::string network_;
};

// Those there are. Each adds itself, and removes itself before it goes.
class Sessions {
 public:
  void add(Session* session) {
    const std::lock_guard lock(mutex_);
    sessions_.insert(session);
    ++of_networks_[session->network()];
  }
  void remove(Session* session) {
    {
      const std::lock_guard lock(mutex_);
      sessions_.erase(session);
      const auto of_network = of_networks_.find(session->network());
      if (--of_network->second == 0) of_networks_.erase(of_network);
    }
    none_.notify_all();
  }
  [[nodiscard]] std::size_t count() const {
    const std::lock_guard lock(mutex_);
    return sessions_.size();
  }
  [[nodiscard]] std::size_t count_of(const std::string& network) const {
    const std::lock_guard lock(mutex_);
    const auto of_network = of_networks_.find(network);
    return of_network == of_networks_.end() ? 0 : of_network->second;
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
  std::map<std::string, std::size_t> of_networks_;  // that have any
};

}  // namespace kt::gateway
