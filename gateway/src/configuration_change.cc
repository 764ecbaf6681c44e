#include "configuration_change.h"

#include "configuration_keys.h"

namespace kt::gateway {
namespace {

bool is_of_log(const ConfigurationKey& key) {
  return key.section == "log" || key.section.starts_with("log.");
}

bool is_equal(const ListenConfiguration& a, const ListenConfiguration& b) {
  return a.host == b.host && a.port == b.port;
}
template <class T>
bool is_equal(const T& a, const T& b) {
  return a == b;
}

// Requires: both are places of one key.
bool holds_equal(ValuePlace a, ValuePlace b) {
  return std::visit([&b](auto* value) { return is_equal(*value, *std::get<decltype(value)>(b)); },
                    a);
}

std::optional<std::string> find_change(GatewayConfiguration& before, GatewayConfiguration& after,
                                       bool of_log) {
  for (const ConfigurationKey& key : configuration_keys()) {
    if (key.needs_restart && is_of_log(key) == of_log &&
        !holds_equal(key.place(before), key.place(after)))
      return key.path();
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> find_fixed_change(GatewayConfiguration before,
                                             GatewayConfiguration after) {
  return find_change(before, after, false);
}

std::optional<std::string> find_fixed_change(const ServedLogConfiguration& before,
                                             const ServedLogConfiguration& after) {
  GatewayConfiguration with_before;
  with_before.logs.push_back(before);
  GatewayConfiguration with_after;
  with_after.logs.push_back(after);
  return find_change(with_before, with_after, true);
}

}  // namespace kt::gateway
