#include "routing/policy.h"

#include <algorithm>
#include <utility>

#include "federation/shard.h"

namespace kt::routing {
namespace {

class Single : public Policy {
 public:
  explicit Single(const LogId& log) : log_(log) {}

  [[nodiscard]] Route route(Operation, const Label&) const override {
    return {{log_, Role::authority}};
  }
  [[nodiscard]] std::vector<LogId> logs() const override { return {log_}; }

 private:
  LogId log_;
};

class Sharded : public Policy {
 public:
  explicit Sharded(std::vector<LogId> logs) : logs_(std::move(logs)) {}

  [[nodiscard]] Route route(Operation, const Label& label) const override {
    return {{federation::find_shard(logs_, label), Role::authority}};
  }
  [[nodiscard]] std::vector<LogId> logs() const override { return logs_; }

 private:
  std::vector<LogId> logs_;
};

}  // namespace

std::unique_ptr<const Policy> make_single(const LogId& log) {
  return std::make_unique<const Single>(log);
}

Result<std::unique_ptr<const Policy>> make_sharded(std::vector<LogId> logs) {
  if (logs.size() < 2) return fail(Errc::rejected, "sharding takes at least two logs");
  if (logs.size() > federation::kMaxShards)
    return fail(Errc::rejected, "sharding takes at most 255 logs");
  std::sort(logs.begin(), logs.end());
  if (std::adjacent_find(logs.begin(), logs.end()) != logs.end())
    return fail(Errc::rejected, "a log is there twice");
  return std::make_unique<const Sharded>(std::move(logs));
}

}  // namespace kt::routing
