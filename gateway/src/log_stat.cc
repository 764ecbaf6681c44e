#include <array>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "commands.h"
#include "deployment_names.h"
#include "log/clock.h"
#include "log/statistics.h"
#include "program/duration.h"
#include "program/figures.h"

namespace kt::gateway {
namespace {

using Json = nlohmann::ordered_json;
using log::Statistics;
using program::format_bytes;
using program::format_duration;

struct StatOptions {
  std::filesystem::path directory;
  bool json = false;
};

constexpr const char* kHelp =
    "Prints sizes, heads, ages and counts of a log that is not running. Changes nothing.";

constexpr const char* kFooter =
    "With --json, durations and times are milliseconds, bytes are hexadecimal, and what there is "
    "none\nof is null.\n\n"
    "Example:\n"
    "  ktgate log stat /var/lib/ktgate/example.log --json";

template <class T, class F>
Json json_of(const std::optional<T>& value, F convert) {
  return value ? Json(convert(*value)) : Json(nullptr);
}

Json json_of(const keytrans::Configuration& configuration) {
  using keytrans::DeploymentMode;
  Json json{{"suite", name_of(configuration.ciphersuite)},
            {"mode", name_of(configuration.mode)},
            {"signature_public_key", to_hex(configuration.signature_public_key)},
            {"vrf_public_key", to_hex(configuration.vrf_public_key)}};
  if (configuration.mode == DeploymentMode::thirdPartyManagement)
    json["leaf_public_key"] = to_hex(configuration.leaf_public_key);
  if (configuration.mode == DeploymentMode::thirdPartyAuditing) {
    json["auditor_public_key"] = to_hex(configuration.auditor_public_key);
    json["max_auditor_lag"] = configuration.max_auditor_lag;
    json["auditor_start_pos"] = configuration.auditor_start_pos.value();
  }
  json["max_ahead"] = configuration.max_ahead;
  json["max_behind"] = configuration.max_behind;
  json["reasonable_monitoring_window"] = configuration.reasonable_monitoring_window;
  json["maximum_lifetime"] =
      json_of(configuration.maximum_lifetime, [](std::uint64_t lifetime) { return lifetime; });
  return json;
}

Json json_of(const Statistics& counted) {
  const auto milliseconds = [](Timestamp time) { return time.value(); };
  return {
      {"log_id", counted.configuration.id().hex()},
      {"configuration", json_of(counted.configuration.wire())},
      {"tree_head",
       {{"tree_size", counted.tree_head.tree_size.value()},
        {"root", json_of(counted.root, [](const HashValue& root) { return to_hex(root); })},
        {"signature", to_hex(counted.tree_head.signature)}}},
      {"first_timestamp", json_of(counted.first_timestamp, milliseconds)},
      {"rightmost_timestamp", json_of(counted.rightmost_timestamp, milliseconds)},
      {"auditor_tree_head", json_of(counted.auditor_tree_head,
                                    [](const keytrans::AuditorTreeHead& head) {
                                      return Json{{"tree_size", head.tree_size.value()},
                                                  {"timestamp", head.timestamp.value()},
                                                  {"signature", to_hex(head.signature)}};
                                    })},
      {"highest_head", json_of(counted.highest_head, [](TreeSize size) { return size.value(); })},
      {"counts",
       {{"entries", counted.entries},
        {"labels", counted.labels},
        {"versions", counted.versions},
        {"values", counted.values},
        {"erased_labels", counted.erased_labels},
        {"leaving_leaves", counted.leaving_leaves},
        {"pseudonyms", counted.pseudonyms}}},
      {"database", {{"bytes_used", counted.usage.used}, {"bytes_limit", counted.usage.limit}}}};
}

// --- For people ------------------------------------------------------------------------------

// "2026-11-22 04:10:11 UTC, 3m ago"
std::string moment(Timestamp time, Timestamp now) {
  const auto seconds = static_cast<std::time_t>(time.value() / 1000);
  std::tm parts{};
  std::array<char, 32> text{};
  if (gmtime_r(&seconds, &parts) == nullptr ||
      std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S UTC", &parts) == 0)
    return std::to_string(time.value()) + " ms";
  if (time > now) return std::string(text.data()) + ", in the future";
  return std::string(text.data()) + ", " + program::format_age(elapsed_ms(time, now)) + " ago";
}

// What stands in the column on the right, by what stands on the left.
using Lines = std::vector<std::pair<std::string, std::string>>;

void add_heads(Lines& lines, const Statistics& counted, Timestamp now) {
  const TreeSize size = counted.tree_head.tree_size;
  lines.emplace_back("tree size", std::to_string(size.value()));
  if (counted.root) lines.emplace_back("root", to_hex(*counted.root));
  if (counted.rightmost_timestamp) {
    lines.emplace_back("signature", to_hex(counted.tree_head.signature));
    lines.emplace_back("first entry", moment(*counted.first_timestamp, now));
    lines.emplace_back("newest entry", moment(*counted.rightmost_timestamp, now));
  }
  if (counted.auditor_tree_head) {
    lines.emplace_back("audited size",
                       std::to_string(counted.auditor_tree_head->tree_size.value()));
    lines.emplace_back("audited entry", moment(counted.auditor_tree_head->timestamp, now));
  }
  if (!counted.highest_head) {
    lines.emplace_back("head file", "missing or damaged: see ktgate log recover --help");
  } else if (*counted.highest_head > size) {
    lines.emplace_back("head file", "a head of " + std::to_string(counted.highest_head->value()) +
                                        " was signed, so the database is an old copy: see ktgate "
                                        "log recover --help");
  } else {
    lines.emplace_back("head file", "a head of " + std::to_string(counted.highest_head->value()));
  }
}

void add_configuration(Lines& lines, const keytrans::Configuration& configuration) {
  using keytrans::DeploymentMode;
  lines.emplace_back("suite", name_of(configuration.ciphersuite));
  lines.emplace_back("mode", name_of(configuration.mode));
  lines.emplace_back("max ahead", format_duration(configuration.max_ahead));
  lines.emplace_back("max behind", format_duration(configuration.max_behind));
  lines.emplace_back("monitoring window",
                     format_duration(configuration.reasonable_monitoring_window));
  const auto& lifetime = configuration.maximum_lifetime;
  lines.emplace_back("maximum lifetime", lifetime ? format_duration(*lifetime) : "none");
  if (configuration.mode == DeploymentMode::thirdPartyAuditing) {
    lines.emplace_back("max auditor lag", format_duration(configuration.max_auditor_lag));
    lines.emplace_back("auditor starts at",
                       std::to_string(configuration.auditor_start_pos.value()));
  }
}

void print(const Statistics& counted, Timestamp now) {
  Lines lines{{"LogId", counted.configuration.id().hex()}};
  add_configuration(lines, counted.configuration.wire());
  add_heads(lines, counted, now);
  lines.emplace_back("entries", std::to_string(counted.entries));
  lines.emplace_back("labels", std::to_string(counted.labels));
  lines.emplace_back("versions", std::to_string(counted.versions));
  lines.emplace_back("values", std::to_string(counted.values));
  lines.emplace_back("erased labels", std::to_string(counted.erased_labels));
  lines.emplace_back("leaving leaves", std::to_string(counted.leaving_leaves));
  lines.emplace_back("pseudonyms", std::to_string(counted.pseudonyms));
  lines.emplace_back("database", format_bytes(counted.usage.used) + " of " +
                                     format_bytes(counted.usage.limit) +
                                     (counted.usage.is_nearly_full() ? ", nearly full" : ""));
  for (const auto& [left, right] : lines) std::printf("%-18s %s\n", left.c_str(), right.c_str());
}

Result<int> stat(const StatOptions& options) {
  KT_TRY(const Statistics counted, log::read_statistics(options.directory));
  if (options.json) {
    std::printf("%s\n", json_of(counted).dump(2).c_str());
  } else {
    print(counted, log::system_clock().now());
  }
  return 0;
}

}  // namespace

void add_log_stat(const program::Command& group) {
  const auto options = std::make_shared<StatOptions>();
  const program::Command command = group.add_command("stat", kHelp);
  command.set_footer(kFooter);
  command.add_path("DIR", options->directory, "The log's directory").required();
  command.add_flag("--json", options->json, "Print JSON");
  command.runs([options] { return stat(*options); });
}

}  // namespace kt::gateway
