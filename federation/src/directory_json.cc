#include "directory_json.h"

#include <array>
#include <set>
#include <utility>

#include "federation/alias.h"
#include "federation/directory_document.h"
#include "federation/shard.h"
#include "federation/strict_json.h"
#include "json_members.h"
#include "keytrans/base64url.h"

namespace kt::federation {
namespace {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;

constexpr std::uint64_t kFormat = 1;
constexpr std::size_t kMaxUrlSize = 512;
constexpr std::uint64_t kMaxValidity = std::uint64_t{90} * 24 * 60 * 60 * 1000;

constexpr std::array<std::pair<std::string_view, LogState>, 3> kStates{
    {{"active", LogState::active},
     {"draining", LogState::draining},
     {"retired", LogState::retired}}};

tl::unexpected<Error> malformed(std::string detail) {
  return fail(Errc::malformed, std::move(detail));
}

std::string_view to_string(LogState state) {
  return kStates.at(static_cast<std::size_t>(state)).first;
}

Result<LogState> parse_state(std::string_view text) {
  for (const auto& [name, state] : kStates) {
    if (name == text) return state;
  }
  return fail(Errc::rejected, "state is none that is known");
}

// Without TLS only what is on this machine, as for what a gateway itself listens to.
Result<Url> read_url(const Json& object) {
  KT_TRY(const std::string* const text, find_text(object, "url"));
  if (text->size() > kMaxUrlSize)
    return malformed("url is longer than " + std::to_string(kMaxUrlSize) + " bytes");
  auto url = parse_url(*text);
  if (!url) return fail_in("url", std::move(url).error());
  if (!url->has_tls && !is_loopback(url->host)) return malformed("url is not one of https");
  return url;
}

Result<Domain> read_domain(const Json& object) {
  KT_TRY(const std::string* const text, find_text(object, "domain"));
  auto domain = Domain::parse(*text);
  if (!domain) return fail_in("domain", std::move(domain).error());
  if (domain->text() != *text) return malformed("domain is not in lower case and A-labels");
  return domain;
}

Result<keytrans::LogConfiguration> read_configuration(const Json& object, const LogId& id) {
  KT_TRY(const Bytes bytes, read_base64url(object, "configuration"));
  auto decoded = keytrans::decode<keytrans::Configuration>(bytes);
  if (!decoded) return fail_in("configuration", std::move(decoded).error());
  auto configuration = keytrans::LogConfiguration::create(*std::move(decoded));
  if (!configuration) return fail_in("configuration", std::move(configuration).error());
  if (configuration->id() != id) return malformed("log_id is not that of the configuration");
  return configuration;
}

Result<DirectoryLog> read_log(const Json& json) {
  if (!json.is_object()) return malformed("it is not an object");
  KT_TRY(const LogId id, read_log_id(json, "log_id"));
  KT_TRY(const std::string* const alias, find_text(json, "alias"));
  if (!is_alias(*alias)) return malformed("alias is not 1 to 64 of a-z, 0-9 and -, or is a LogId");
  KT_TRY(const std::string* const state_text, find_text(json, "state"));
  KT_TRY(const LogState state, parse_state(*state_text));
  KT_TRY(Url url, read_url(json));
  KT_TRY(auto configuration, read_configuration(json, id));
  return DirectoryLog{std::move(configuration), *alias, state, std::move(url)};
}

Result<std::vector<DirectoryLog>> read_logs(const Json& object) {
  KT_TRY(const Json* const array, find_array(object, "logs", DirectoryDocument::kMaxLogs));
  std::vector<DirectoryLog> logs;
  std::set<LogId> ids;
  std::set<std::string> aliases;
  for (const Json& element : *array) {
    const std::string place = "logs[" + std::to_string(logs.size()) + "]";
    auto log = read_log(element);
    if (!log) return fail_in(place, std::move(log).error());
    if (!ids.insert(log->id()).second) return malformed(place + ": log_id is there twice");
    if (!aliases.insert(log->alias).second) return malformed(place + ": alias is there twice");
    logs.push_back(*std::move(log));
  }
  return logs;
}

Result<DirectoryPolicy> read_single(const Json& json) {
  KT_TRY(verify_members(json, {"type", "log"}));
  KT_TRY(const LogId log, read_log_id(json, "log"));
  return SinglePolicy{log};
}

Result<DirectoryPolicy> read_sharded(const Json& json) {
  KT_TRY(verify_members(json, {"type", "logs"}));
  KT_TRY(const Json* const array, find_array(json, "logs", kMaxShards));
  std::vector<LogId> logs;
  for (const Json& element : *array) {
    KT_TRY(const LogId log, log_id_of(element, "logs"));
    logs.push_back(log);
  }
  auto shards = make_shards(std::move(logs));
  if (!shards) return malformed(std::move(shards).error().detail);
  return ShardedPolicy{*std::move(shards)};
}

Result<DirectoryPolicy> read_gradual(const Json& json) {
  KT_TRY(verify_members(json, {"type", "from", "to"}));
  KT_TRY(const LogId from, read_log_id(json, "from"));
  KT_TRY(const LogId to, read_log_id(json, "to"));
  if (from == to) return malformed("from and to are one log");
  return GradualPolicy{from, to};
}

Result<DirectoryPolicy> read_policy(const Json& object) {
  KT_TRY(const Json* const json, find_object(object, "policy"));
  KT_TRY(const std::string* const type, find_text(*json, "type"));
  if (*type == "single") return read_single(*json);
  if (*type == "sharded") return read_sharded(*json);
  if (*type == "gradual") return read_gradual(*json);
  return fail(Errc::rejected, "type is none that is known");
}

std::vector<LogId> logs_of(const DirectoryPolicy& policy) {
  if (const auto* const single = std::get_if<SinglePolicy>(&policy)) return {single->log};
  if (const auto* const gradual = std::get_if<GradualPolicy>(&policy))
    return {gradual->from, gradual->to};
  return std::get<ShardedPolicy>(policy).logs;
}

Result<void> verify_consistency(const Directory& directory) {
  for (const LogId& id : logs_of(directory.policy)) {
    const DirectoryLog* const log = directory.find(id);
    if (log == nullptr || log->state != LogState::active)
      return malformed("policy: a log is not one of the active logs");
  }
  if (directory.expires <= directory.not_before)
    return malformed("expires is not later than not_before");
  if (elapsed_ms(directory.not_before, directory.expires) > kMaxValidity)
    return malformed("expires is more than 90 days later than not_before");
  return {};
}

Result<void> verify_format(const Json& json) {
  if (!json.is_object()) return malformed("it is not an object");
  KT_TRY(const Json* const format, find_member(json, "format"));
  const auto* const number = format->get_ptr<const Json::number_unsigned_t*>();
  if (number == nullptr) return malformed("format is not a whole number");
  if (*number != kFormat) return fail(Errc::rejected, "format is none that is known");
  return {};
}

OrderedJson json_of(const DirectoryPolicy& policy) {
  if (const auto* const single = std::get_if<SinglePolicy>(&policy))
    return {{"type", "single"}, {"log", single->log.hex()}};
  if (const auto* const gradual = std::get_if<GradualPolicy>(&policy))
    return {{"type", "gradual"}, {"from", gradual->from.hex()}, {"to", gradual->to.hex()}};
  OrderedJson json{{"type", "sharded"}, {"logs", OrderedJson::array()}};
  for (const LogId& log : std::get<ShardedPolicy>(policy).logs) json["logs"].push_back(log.hex());
  return json;
}

Result<OrderedJson> json_of(const DirectoryLog& log) {
  KT_TRY(const Bytes configuration, keytrans::encode(log.configuration.wire()));
  return OrderedJson{{"log_id", log.id().hex()},
                     {"alias", log.alias},
                     {"state", to_string(log.state)},
                     {"url", log.url.text()},
                     {"configuration", to_base64url(configuration)}};
}

}  // namespace

Result<std::string> format_directory(const Directory& directory) {
  OrderedJson json{{"format", kFormat},
                   {"domain", directory.domain.text()},
                   {"epoch", std::to_string(directory.epoch.value())},
                   {"not_before", std::to_string(directory.not_before.value())},
                   {"expires", std::to_string(directory.expires.value())},
                   {"label_rule", to_string(directory.label_rule)},
                   {"url", directory.url.text()},
                   {"policy", json_of(directory.policy)},
                   {"logs", OrderedJson::array()}};
  for (const DirectoryLog& log : directory.logs) {
    KT_TRY(OrderedJson element, json_of(log));
    json["logs"].push_back(std::move(element));
  }
  // What is not UTF-8 is refused when it is read.
  return json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

Result<Directory> parse_directory(std::string_view payload) {
  KT_TRY(const Json json, parse_json(payload));
  KT_TRY(verify_format(json));
  KT_TRY(Domain domain, read_domain(json));
  KT_TRY(const std::uint64_t epoch, read_uint64(json, "epoch"));
  KT_TRY(const std::uint64_t not_before, read_uint64(json, "not_before"));
  KT_TRY(const std::uint64_t expires, read_uint64(json, "expires"));
  KT_TRY(const std::string* const rule_text, find_text(json, "label_rule"));
  KT_TRY(const LabelRule label_rule, parse_label_rule(*rule_text));
  KT_TRY(Url url, read_url(json));
  auto policy = read_policy(json);
  if (!policy) return fail_in("policy", std::move(policy).error());
  KT_TRY(std::vector<DirectoryLog> logs, read_logs(json));
  Directory directory{std::move(domain), Epoch{epoch},   Timestamp{not_before}, Timestamp{expires},
                      label_rule,        std::move(url), *std::move(policy),    std::move(logs)};
  KT_TRY(verify_consistency(directory));
  return directory;
}

}  // namespace kt::federation
