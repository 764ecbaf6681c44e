#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include <nlohmann/json.hpp>

#include "auditor/log_auditor.h"
#include "commands.h"
#include "program/figures.h"

namespace kt::gateway {
namespace {

struct StatCommand {
  std::filesystem::path directory;
  bool json = false;
};

constexpr const char* kHelp = "Prints how far an auditor that is not running has come.";

constexpr const char* kFooter =
    "With --json, times are milliseconds, and what there is none of is null.\n\n"
    "Example:\n"
    "  ktgate auditor stat /var/lib/ktgate/example.auditor --json";

nlohmann::ordered_json json_of(const auditor::LogAuditor& auditor) {
  const auditor::AuditorState state = auditor.state();
  nlohmann::ordered_json json{
      {"log_id", auditor.configuration().id().hex()},
      {"needs_start", state.needs_start},
      {"verified", state.size.value()},
      {"rightmost_timestamp", nullptr},
      {"signed", state.signed_size.value()},
      {"pushed", state.pushed.value()},
      {"behind", nullptr},
      {"refused", nullptr},
      {"database", {{"bytes_used", state.usage.used}, {"bytes_limit", state.usage.limit}}}};
  if (state.rightmost_timestamp) json["rightmost_timestamp"] = state.rightmost_timestamp->value();
  if (state.behind) json["behind"] = state.behind->value();
  if (state.refused) json["refused"] = *state.refused;
  return json;
}

void print_line(const char* what, const std::string& value) {
  std::printf("%-14s %s\n", what, value.c_str());
}

Result<int> stat(const StatCommand& options) {
  KT_TRY(const auto auditor, auditor::LogAuditor::open(options.directory));
  if (options.json) {
    std::printf("%s\n", json_of(*auditor).dump(2).c_str());
    return 0;
  }
  const auditor::AuditorState state = auditor->state();
  print_line("LogId", auditor->configuration().id().hex());
  print_line("verified", std::to_string(state.size.value()) + " entries");
  print_line("signed", std::to_string(state.signed_size.value()));
  print_line("pushed", std::to_string(state.pushed.value()));
  if (state.needs_start) print_line("start", "not fetched from the log yet");
  if (state.behind)
    print_line("behind", "a head of " + std::to_string(state.behind->value()) +
                             " was signed; nothing is until that is reached again");
  if (state.refused) print_line("refused", *state.refused);
  print_line("database", program::format_bytes(state.usage.used) + " of " +
                             program::format_bytes(state.usage.limit));
  return 0;
}

}  // namespace

void add_auditor_stat(const program::Command& group) {
  const auto options = std::make_shared<StatCommand>();
  const program::Command command = group.add_command("stat", kHelp);
  command.set_footer(kFooter);
  command.add_path("DIR", options->directory, "The auditor's directory").required();
  command.add_flag("--json", options->json, "Print JSON");
  command.runs([options] { return stat(*options); });
}

}  // namespace kt::gateway
