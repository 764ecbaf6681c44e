// A value in force that is replaced as a whole. Internal.
//
// Who took a snapshot keeps it, so that what began with one value ends with it; it is freed when
// the last of them is done.
//
// Thread rule: any thread.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

namespace kt::gateway {

template <class T>
class Current {
 public:
  // Requires: `value` is not null.
  explicit Current(std::shared_ptr<const T> value) : value_(std::move(value)) {}

  // Never null.
  [[nodiscard]] std::shared_ptr<const T> snapshot() const {
    const std::lock_guard lock(mutex_);
    return value_;
  }
  // Requires: `value` is not null.
  void replace(std::shared_ptr<const T> value) {
    const std::lock_guard lock(mutex_);
    value_.swap(value);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const T> value_;
};

}  // namespace kt::gateway
