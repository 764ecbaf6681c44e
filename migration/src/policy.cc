#include "migration/policy.h"

#include "federation/tombstone.h"

namespace kt::migration {
namespace {

using federation::GradualPolicy;
using federation::SinglePolicy;
using routing::Operation;
using routing::Role;
using routing::Route;

class Moving final : public routing::Policy {
 public:
  Moving(Stage stage, const LogId& from, const LogId& to) : stage_(stage), from_(from), to_(to) {}

  [[nodiscard]] Route route(Operation operation, const Label& /*label*/) const override {
    if (stage_ == Stage::before) return {{from_, Role::authority}};
    if (operation == Operation::monitor) return {{from_, Role::authority}, {to_, Role::authority}};
    if (stage_ == Stage::after) return {{to_, Role::authority}};
    if (operation == Operation::search) return {{from_, Role::authority}, {to_, Role::successor}};
    return {{to_, Role::authority}, {from_, Role::predecessor}};
  }
  [[nodiscard]] std::vector<LogId> logs() const override { return {from_, to_}; }

 private:
  Stage stage_;
  LogId from_;
  LogId to_;
};

}  // namespace

std::optional<Stage> stage_of(const federation::DirectoryPolicy& policy, const LogId& from,
                              const LogId& to) {
  if (const auto* const single = std::get_if<SinglePolicy>(&policy)) {
    if (single->log == from) return Stage::before;
    if (single->log == to) return Stage::after;
  }
  if (const auto* const gradual = std::get_if<GradualPolicy>(&policy);
      gradual != nullptr && gradual->from == from && gradual->to == to)
    return Stage::during;
  return std::nullopt;
}

Result<bool> is_asked(const routing::RoutedLog& next, ByteView value_before) {
  if (next.role != Role::successor) return true;
  auto moved = federation::has_moved(value_before, next.log);
  if (!moved) return fail(Errc::corrupt, std::move(moved).error().detail);
  return moved;
}

std::unique_ptr<const routing::Policy> make_policy(Stage stage, const LogId& from,
                                                   const LogId& to) {
  KT_ASSERT(from != to);
  return std::make_unique<const Moving>(stage, from, to);
}

}  // namespace kt::migration
