// What is seen of a migration between its steps: monitoring of the old log, and tombstones that
// updates have made. Internal.
//
// Thread rule: any thread.
#pragma once

#include <mutex>
#include <optional>

#include "migration/journal.h"

namespace kt::gateway {

class MigrationActivity {
 public:
  explicit MigrationActivity(const migration::Activity& before) : seen_(before) {}

  void note_monitoring(Timestamp now) {
    const std::lock_guard lock(mutex_);
    seen_.monitored = now;
    ++seen_.monitorings;
    is_kept_ = false;
  }
  void note_tombstone() {
    const std::lock_guard lock(mutex_);
    ++seen_.tombstones;
    is_kept_ = false;
  }

  [[nodiscard]] migration::Activity seen() const {
    const std::lock_guard lock(mutex_);
    return seen_;
  }
  // What was not given here before.
  [[nodiscard]] std::optional<migration::Activity> take_to_keep() {
    const std::lock_guard lock(mutex_);
    if (is_kept_) return std::nullopt;
    is_kept_ = true;
    return seen_;
  }

 private:
  mutable std::mutex mutex_;
  migration::Activity seen_;
  bool is_kept_ = true;
};

}  // namespace kt::gateway
