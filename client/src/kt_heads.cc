#include <cstdio>
#include <memory>

#include "client/monitor.h"
#include "commands.h"
#include "common_options.h"
#include "output.h"

namespace kt::client {
namespace {

constexpr const char* kHelp =
    "Lists the logs that were asked, with the trees that were verified last. Asks nobody.";

constexpr const char* kFooter =
    "Example:\n"
    "  kt heads --json";

Json known_log_json(const KnownLog& log) {
  return Json{{"domain", log.domain.empty() ? Json(nullptr) : Json(log.domain)},
              {"log", log.tree ? json_of(*log.tree) : Json(nullptr)},
              {"contacts", log.contacts},
              {"owned", log.owned},
              {"distinguished", log.distinguished},
              {"next", json_of(log.next)}};
}

void add_lines(Lines& lines, const KnownLog& log, Timestamp now) {
  if (!log.tree) return;
  lines.emplace_back("log", describe_log(*log.tree));
  lines.emplace_back("domain", log.domain.empty() ? "of no trusted document" : log.domain);
  lines.emplace_back("tree", describe(*log.tree, now));
  std::string to_do = std::to_string(log.contacts) + " to monitor as a contact, " +
                      std::to_string(log.owned) + " as their owner";
  if (log.next) to_do += "; next " + moment(*log.next, now);
  lines.emplace_back("labels", to_do);
}

Result<int> list(const CommonOptions& options) {
  KT_TRY(const OpenSession opened, open_session(options, "heads"));
  KT_TRY(const auto logs, known_logs(opened.session));
  if (options.json) {
    Json all = Json::array();
    for (const KnownLog& log : logs) all.push_back(known_log_json(log));
    print(all);
    return program::kDone;
  }
  Lines lines;
  for (const KnownLog& log : logs) add_lines(lines, log, system_now());
  print(lines);
  if (lines.empty()) std::printf("no log was asked yet\n");
  return program::kDone;
}

}  // namespace

void add_heads(const program::Command& root) {
  const auto options = std::make_shared<CommonOptions>();
  const program::Command command = root.add_command("heads", kHelp);
  command.set_footer(kFooter);
  add_common_options(command, *options);
  command.runs([options] { return list(*options); });
}

}  // namespace kt::client
