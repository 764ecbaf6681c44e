#include <algorithm>
#include <cstdio>
#include <memory>
#include <poll.h>

#include "client/monitor.h"
#include "commands.h"
#include "common_options.h"
#include "exit_codes.h"
#include "output.h"
#include "program/interrupt.h"

namespace kt::client {
namespace {

// Milliseconds.
constexpr std::uint64_t kShortestPause = 1000;
constexpr std::uint64_t kLongestInterval = 86'400'000;

struct MonitorOptions {
  CommonOptions common;
  bool all = false;
  bool watch = false;
  std::uint64_t interval = 600'000;  // milliseconds
};

constexpr const char* kHelp =
    "Does what is due: verifies again what was looked up while it was new, that nobody else has\n"
    "published for the identities you own, and that the logs of trusted domains say what their\n"
    "directory documents say.";

constexpr const char* kFooter =
    "To be run about as often as each log's reasonable monitoring window says, by a timer or with\n"
    "--watch. The exit code is that of the worst that was found.\n\n"
    "Example:\n"
    "  kt monitor --watch";

const char* task_name(Monitored::Task task) {
  switch (task) {
    case Monitored::Task::directory: return "directory";
    case Monitored::Task::newcomer: return "newcomer";
    case Monitored::Task::contact: return "contact";
    case Monitored::Task::owner: return "owner";
    case Monitored::Task::final_head: return "final-head";
    case Monitored::Task::moved: return "moved";
    case Monitored::Task::distinguished: break;
  }
  return "distinguished";
}

Json task_json(const Monitored& task) {
  Json json{{"task", task_name(task.task)},
            {"domain", task.domain.empty() ? Json(nullptr) : Json(task.domain)},
            {"log_id", task.log ? Json(task.log->hex()) : Json(nullptr)},
            {"label", nullptr},
            {"error", nullptr}};
  if (task.task == Monitored::Task::contact || task.task == Monitored::Task::owner ||
      task.task == Monitored::Task::moved)
    json["label"] = text_of(task.label);
  if (task.error)
    json["error"] = {{"code", to_string(task.error->code)}, {"detail", task.error->detail}};
  if (task.news) {
    json["change"] = name_of(task.news->change);
    json["epoch"] = task.news->known.current().epoch.value();
    json["entries"] = Json::array();
    for (const SeenEntry& entry : task.news->entries)
      json["entries"].push_back({{"log_id", entry.log.hex()},
                                 {"version", entry.version.value()},
                                 {"epoch", entry.entry.epoch.value()},
                                 {"document_sha256", to_hex(entry.entry.hash)}});
  }
  return json;
}

std::string about(const Monitored& task) {
  switch (task.task) {
    case Monitored::Task::directory: return task.domain + ": directory document";
    case Monitored::Task::newcomer: return task.domain + ": what newcomers see";
    case Monitored::Task::contact: return text_of(task.label) + ": looked up";
    case Monitored::Task::owner: return text_of(task.label) + ": owned";
    case Monitored::Task::final_head: return task.domain + ": final head";
    case Monitored::Task::moved: return text_of(task.label) + ": moved";
    case Monitored::Task::distinguished: break;
  }
  return task.domain + ": entries to compare";
}

std::string result_of(const Monitored& task) {
  if (task.error) {
    const bool is_alarm = task.error->code == Errc::verification_failed;
    return (is_alarm ? "ALARM: " : "not done: ") + task.error->detail;
  }
  if (task.news) return describe(*task.news);
  return task.log ? "verified, in log " + task.alias : "the same as before";
}

void print_report(const MonitorReport& report, Timestamp now) {
  Lines lines;
  for (const Monitored& task : report.tasks) {
    lines.emplace_back(about(task), result_of(task));
    if (!task.news) continue;
    for (const SeenEntry& entry : task.news->entries) {
      const auto* const log = task.news->known.current().find(entry.log);
      lines.emplace_back("", "log " + (log != nullptr ? log->alias : entry.log.hex()) +
                                 " has version " + std::to_string(entry.version.value()) +
                                 " of kt:directory: epoch " +
                                 std::to_string(entry.entry.epoch.value()) + ", SHA-256 " +
                                 to_hex(entry.entry.hash));
    }
  }
  print(lines);
  if (lines.empty()) std::printf("nothing is due\n");
  if (report.next) std::printf("next: %s\n", moment(*report.next, now).c_str());
}

// Of the worst of them.
int code_of(const MonitorReport& report) {
  int code = program::kDone;
  for (const Monitored& task : report.tasks) {
    if (task.error) code = std::max(code, exit_code(task.error->code));
    if (task.news && task.news->change == DomainChange::held) code = std::max(code, kRefused);
  }
  return code;
}

Result<int> run_once(OpenSession& opened, const MonitorOptions& options,
                     std::optional<Timestamp>& next) {
  KT_TRY(const MonitorReport report, monitor(opened.session, options.all));
  next = report.next;
  if (options.common.json) {
    Json json{{"tasks", Json::array()}, {"next", json_of(report.next)}};
    for (const Monitored& task : report.tasks) json["tasks"].push_back(task_json(task));
    print(json);
  } else {
    print_report(report, system_now());
  }
  std::fflush(stdout);
  return code_of(report);
}

Result<int> watch(OpenSession& opened, const MonitorOptions& options,
                  const program::Interrupt& interrupt) {
  std::optional<Timestamp> next;
  while (!interrupt.came()) {
    if (const auto done = run_once(opened, options, next); !done)
      std::fprintf(stderr, "kt monitor: %s; trying again\n", done.error().detail.c_str());
    std::uint64_t pause = options.interval;
    if (next) pause = std::min(pause, std::max(kShortestPause, elapsed_ms(system_now(), *next)));
    pollfd wait{interrupt.descriptor(), POLLIN, 0};
    poll(&wait, 1, static_cast<int>(pause));
  }
  return program::kDone;
}

Result<int> run_monitor(const MonitorOptions& options) {
  const program::Interrupt interrupt;  // before there are threads
  KT_TRY(OpenSession opened, open_session(options.common, "monitor"));
  if (options.watch) return watch(opened, options, interrupt);
  std::optional<Timestamp> next;
  return run_once(opened, options, next);
}

}  // namespace

void add_monitor(const program::Command& root) {
  const auto options = std::make_shared<MonitorOptions>();
  const program::Command command = root.add_command("monitor", kHelp);
  command.set_footer(kFooter);
  command.add_flag("--all", options->all, "Also do what is not due yet");
  const program::Option watching = command.add_flag(
      "--watch", options->watch, "Go on, until SIGTERM or SIGINT, and do what becomes due");
  command
      .add_duration("--interval", options->interval,
                    "With --watch: how often to look, at least (default: 10m, at most 1d)")
      .needs(watching);
  add_common_options(command, options->common);
  command.runs([options] { return run_monitor(*options); },
               [options]() -> Result<void> {
                 if (options->interval > kLongestInterval)
                   return fail(Errc::malformed, "--interval: is more than a day");
                 return {};
               });
}

}  // namespace kt::client
