// What users saw of one label, and whether a single value that is replaced at instants explains it.
#pragma once

#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace kt::migration {

// A search that was answered, or an update. Values differ from each other; the empty one is that of
// a label that is not there.
struct Operation {
  static constexpr int kNever = std::numeric_limits<int>::max();

  bool is_update = false;
  std::string value{};
  int begin = 0;
  // When it was acknowledged. An update that was not may have been made, at any time after.
  int end = kNever;
};

// Linearizability, by the search of Wing and Gong. At most 64 operations.
class History {
 public:
  explicit History(std::vector<Operation> operations) : operations_(std::move(operations)) {
    for (const Operation& each : operations_) {
      if (each.end == Operation::kNever) continue;
      needed_ |= bit(static_cast<std::size_t>(&each - operations_.data()));
    }
  }

  // From `initial` on.
  [[nodiscard]] bool is_linearizable(const std::string& initial) {
    seen_.clear();
    return goes_on(0, initial);
  }

 private:
  static std::uint64_t bit(std::size_t i) { return std::uint64_t{1} << i; }

  bool goes_on(std::uint64_t done, const std::string& value) {
    if ((done & needed_) == needed_) return true;
    if (!seen_.emplace(done, value).second) return false;
    int first_end = Operation::kNever;
    for (std::size_t i = 0; i < operations_.size(); ++i) {
      if ((done & bit(i)) == 0) first_end = std::min(first_end, operations_[i].end);
    }
    for (std::size_t i = 0; i < operations_.size(); ++i) {
      const Operation& next = operations_[i];
      if ((done & bit(i)) != 0 || next.begin > first_end) continue;
      if (!next.is_update && next.value != value) continue;
      if (goes_on(done | bit(i), next.is_update ? next.value : value)) return true;
    }
    return false;
  }

  std::vector<Operation> operations_;
  std::uint64_t needed_ = 0;
  std::set<std::pair<std::uint64_t, std::string>> seen_;
};

}  // namespace kt::migration
