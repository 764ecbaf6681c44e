#include "routing/policy.h"

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
  KT_TRY(logs, federation::make_shards(std::move(logs)));
  return std::make_unique<const Sharded>(std::move(logs));
}

}  // namespace kt::routing
