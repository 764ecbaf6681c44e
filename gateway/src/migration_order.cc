#include "migration_order.h"

#include <nlohmann/json.hpp>

#include "federation/strict_json.h"
#include "migration/journal.h"

namespace kt::gateway {
namespace {

using Json = nlohmann::json;

Result<Json> parse_object(ByteView body) {
  KT_TRY(auto json,
         federation::parse_json({reinterpret_cast<const char*>(body.data()), body.size()}));
  if (!json.is_object()) return fail(Errc::malformed, "the order is not an object");
  return json;
}

Result<std::uint64_t> number_in(const Json& json, const char* name, std::uint64_t most) {
  if (!json.contains(name)) return 0;
  const auto* const number = json[name].get_ptr<const Json::number_unsigned_t*>();
  if (number == nullptr || *number > most)
    return fail(Errc::malformed, std::string(name) + " is no number, or too large");
  return *number;
}

Result<bool> flag_in(const Json& json, const char* name) {
  if (!json.contains(name)) return false;
  if (!json[name].is_boolean())
    return fail(Errc::malformed, std::string(name) + " is neither true nor false");
  return json[name].get<bool>();
}

Result<std::string> text_in(const Json& json, const char* name) {
  if (!json.contains(name) || !json[name].is_string())
    return fail(Errc::malformed, std::string(name) + " is missing");
  return json[name].get<std::string>();
}

}  // namespace

Result<MigrationOrder> parse_migration_order(ByteView body) {
  KT_TRY(const Json json, parse_object(body));
  MigrationOrder order;
  KT_TRY(order.to, text_in(json, "to"));
  KT_TRY(const std::string mode, text_in(json, "mode"));
  KT_TRY(order.mode, migration::parse_mode(mode));
  KT_TRY(const std::uint64_t rate, number_in(json, "rate", MigrationOrder::kMaxRate));
  order.rate = static_cast<std::uint32_t>(rate);
  KT_TRY(order.grace_ms, number_in(json, "grace_ms", MigrationOrder::kMaxGrace));
  order.quiet_ms = order.grace_ms;
  if (json.contains("quiet_ms")) {
    KT_TRY(order.quiet_ms, number_in(json, "quiet_ms", MigrationOrder::kMaxGrace));
  }
  KT_TRY(order.is_compromised, flag_in(json, "compromised"));
  return order;
}

Result<bool> parse_finish_order(ByteView body) {
  KT_TRY(const Json json, parse_object(body));
  return flag_in(json, "despite_monitoring");
}

Result<std::optional<std::uint32_t>> parse_resume_order(ByteView body) {
  KT_TRY(const Json json, parse_object(body));
  if (!json.contains("rate")) return std::optional<std::uint32_t>();
  KT_TRY(const std::uint64_t rate, number_in(json, "rate", MigrationOrder::kMaxRate));
  return std::optional<std::uint32_t>(static_cast<std::uint32_t>(rate));
}

Result<std::uint64_t> parse_list_end(ByteView body) {
  KT_TRY(const Json json, parse_object(body));
  if (!json.contains("count")) return fail(Errc::malformed, "count is missing");
  return number_in(json, "count", migration::Journal::kMaxListed);
}

}  // namespace kt::gateway
