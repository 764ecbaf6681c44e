// A value in force that is replaced as a whole. Internal.
//
// Who took a snapshot keeps it, so that what began with one value ends with it; it is freed when
// the last of them is done.
//
// Thread rule: any thread.
#pragma once

#include <algorithm>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

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
    std::erase_if(older_, [](const auto& each) { return each.expired(); });
    older_.push_back(value_);
    value_.swap(value);
  }
  // Whether nobody has a value any more that was there before the one in force.
  [[nodiscard]] bool is_alone() const {
    const std::lock_guard lock(mutex_);
    return std::all_of(older_.begin(), older_.end(),
                       [](const auto& each) { return each.expired(); });
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const T> value_;
  std::vector<std::weak_ptr<const T>> older_;
};

}  // namespace kt::gateway
