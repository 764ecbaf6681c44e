#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <memory>
#include <poll.h>
#include <string>

#include <nlohmann/json.hpp>

#include "admin_client.h"
#include "commands.h"
#include "federation/domain.h"
#include "log/clock.h"
#include "migrate_labels.h"
#include "migrate_verify.h"
#include "migration/record.h"
#include "program/duration.h"
#include "program/interrupt.h"

namespace kt::gateway {
namespace {

using Json = nlohmann::json;

constexpr const char* kHelp =
    "Move the labels of a domain from one log to another, while a gateway serves both";

constexpr const char* kFooter =
    "A running gateway does it; --socket is the admin.socket of its configuration. Both logs are "
    "in\n"
    "that, and the new one has no labels. A command whose effect is there already does nothing "
    "and\n"
    "succeeds. docs/migration.md is the manual.\n\n"
    "Example:\n"
    "  ktgate migrate start --socket /run/ktgate/admin.socket example.com --to new --grace 30d\n"
    "  ktgate migrate advance --socket /run/ktgate/admin.socket example.com\n"
    "  ktgate migrate watch --socket /run/ktgate/admin.socket example.com";

constexpr int kWatchMilliseconds = 1000;
constexpr std::uint64_t kMaxRate = 1'000'000;

struct MigrateOptions {
  std::filesystem::path socket;
  std::filesystem::path labels;
  std::string domain;
  std::string to;
  migration::Mode mode = migration::Mode::gradual;
  std::uint64_t rate = 0;
  std::uint64_t grace_ms = std::uint64_t{30} * 24 * 60 * 60 * 1000;
  std::uint64_t quiet_ms = 0;
  bool has_rate = false;
  bool has_quiet = false;
  bool is_compromised = false;
  bool despite_monitoring = false;
  bool json = false;
};

const std::map<std::string, migration::Mode>& modes() {
  static const std::map<std::string, migration::Mode> modes{
      {"gradual", migration::Mode::gradual}, {"immediate", migration::Mode::immediate}};
  return modes;
}

// As far as it is there; what the gateway says is shown, not believed.
std::string text_in(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_string() ? found->get<std::string>() : "";
}
std::uint64_t number_in(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

std::uint64_t milliseconds_since(const Json& record, const char* name) {
  const std::string text = text_in(record, name);
  std::uint64_t since = 0;
  const auto [rest, code] = std::from_chars(text.data(), text.data() + text.size(), since);
  if (code != std::errc() || rest != text.data() + text.size()) return 0;
  return elapsed_ms(Timestamp{since}, log::system_clock().now());
}

// How far it is with the labels that it goes through, at the rate of the phase so far.
std::string describe_progress(const Json& record) {
  constexpr std::uint64_t kBar = 20;
  const std::uint64_t all = number_in(record, "labels");
  const std::uint64_t done = std::min(number_in(record, "labels_done"), all);
  const std::uint64_t elapsed = milliseconds_since(record, "phase_since");
  if (all == 0 || done == 0 || elapsed == 0) return "";
  const auto part = static_cast<double>(done) / static_cast<double>(all);
  const auto filled = static_cast<std::size_t>(part * kBar);
  const auto left = static_cast<double>(elapsed) * (1 - part) / part;
  return "\n  [" + std::string(filled, '#') + std::string(kBar - filled, '.') + "] " +
         std::to_string(static_cast<int>(part * 100)) + " %, " +
         std::to_string(done * 1000 / elapsed) + " labels a second, about " +
         program::format_age(static_cast<std::uint64_t>(left)) + " left";
}

std::string describe_draining(const Json& record) {
  if (text_in(record, "phase") != "draining") return "";
  const std::uint64_t grace = number_in(record, "grace_ms");
  const std::uint64_t drained = milliseconds_since(record, "phase_since");
  std::string text = "\n  grace period: ";
  text += drained < grace ? program::format_age(grace - drained) + " left" : "over";
  const std::uint64_t seen = number_in(record, "monitorings");
  if (seen == 0) return text + "\n  monitoring of the old log: none since labels have moved";
  return text + "\n  monitoring of the old log: " + std::to_string(seen) + " times, last " +
         program::format_age(milliseconds_since(record, "monitored")) + " ago";
}

std::string describe(const Json& record) {
  if (text_in(record, "phase") == "none")
    return text_in(record, "domain") + ": no labels are moving\n";
  std::string text = text_in(record, "domain") + ": " + text_in(record, "mode") + ", from " +
                     text_in(record, "from") + " to " + text_in(record, "to") + ", " +
                     text_in(record, "phase");
  if (record.value("is_compromised", false)) text += ", others may have the old log's keys";
  if (record.value("is_paused", false)) text += ", paused";
  if (const std::string fault = text_in(record, "fault"); !fault.empty()) text += ": " + fault;
  text += "\n  labels: " + std::to_string(number_in(record, "moved")) + " moved by the gateway, " +
          std::to_string(number_in(record, "updated")) + " found moved by updates";
  if (const std::uint64_t verified = number_in(record, "verified"); verified > 0)
    text += ", " + std::to_string(verified) + " compared";
  if (text_in(record, "mode") == "gradual")
    text += "\n  tombstones: " + std::to_string(number_in(record, "moved")) + " by the sweep, " +
            std::to_string(number_in(record, "tombstones_by_updates")) + " by updates";
  text += describe_progress(record) + describe_draining(record);
  if (const auto next = record.find("next"); next != record.end() && next->is_object())
    text += "\n  next: " + text_in(*next, "phase") + ", when " + text_in(*next, "when") +
            (text_in(*next, "by") == "person" ? ", and you say so" : "");
  return text + "\n";
}

void print(const Json& json, bool as_json, const std::string& text) {
  if (as_json) {
    std::printf("%s\n", json.dump().c_str());
  } else {
    std::printf("%s", text.c_str());
  }
}

Result<std::string> path_of(const MigrateOptions& options, const std::string& command) {
  KT_TRY(const auto domain, federation::Domain::parse(options.domain));
  return "/migrations/" + domain.text() + "/" + command;
}

Result<int> run(const MigrateOptions& options, const std::string& command) {
  KT_TRY(const std::string path, path_of(options, command));
  Json order = Json::object();
  if (!options.to.empty())
    order = {{"to", options.to},
             {"mode", migration::to_string(options.mode)},
             {"rate", options.rate},
             {"grace_ms", options.grace_ms},
             {"compromised", options.is_compromised}};
  if (options.has_rate) order["rate"] = options.rate;
  if (options.has_quiet) order["quiet_ms"] = options.quiet_ms;
  if (options.despite_monitoring) order["despite_monitoring"] = true;
  KT_TRY(const Json record, post_to_admin(options.socket, path, order));
  print(record, options.json, describe(record));
  return program::kDone;
}

Result<int> labels(const MigrateOptions& options) {
  KT_TRY(const std::uint64_t count, send_labels(options.socket, options.domain, options.labels));
  print(Json{{"labels", count}}, options.json, std::to_string(count) + " labels\n");
  return program::kDone;
}

Result<int> plan(const MigrateOptions& options) {
  KT_TRY(const std::string path, path_of(options, "plan"));
  const Json order{{"to", options.to}, {"mode", migration::to_string(options.mode)}};
  KT_TRY(const Json plan, post_to_admin(options.socket, path, order));
  const std::uint64_t labels = number_in(plan, "labels");
  std::string text = text_in(plan, "domain") + ": " +
                     (plan.value("is_counted", false) ? "" : "at least ") + std::to_string(labels) +
                     " labels from " + text_in(plan, "from") + " to " + text_in(plan, "to") + ", " +
                     text_in(plan, "mode") + "\n";
  if (options.rate > 0)
    text += "  at most " + std::to_string(options.rate) + " a second, so at least " +
            program::format_age(labels * 1000 / options.rate) + "\n";
  text += options.mode == migration::Mode::gradual
              ? "  labels move when they are updated, and the others when you have them swept\n"
              : "  updates wait from when you have it frozen until all labels are copied\n";
  print(plan, options.json, text);
  return program::kDone;
}

// The records of all domains, or of one.
Result<Json> records(const MigrateOptions& options) {
  KT_TRY(const Json all, get_from_admin(options.socket, "/migrations"));
  if (!all.is_array()) return fail(Errc::unavailable, "the gateway's answer is none");
  if (options.domain.empty()) return all;
  KT_TRY(const auto domain, federation::Domain::parse(options.domain));
  Json some = Json::array();
  for (const Json& each : all) {
    if (each.is_object() && text_in(each, "domain") == domain.text()) some.push_back(each);
  }
  if (some.empty()) return fail(Errc::not_found, "no labels of that domain are moving");
  return some;
}

Result<int> status(const MigrateOptions& options) {
  KT_TRY(const Json all, records(options));
  std::string text;
  for (const Json& each : all) text += describe(each);
  if (all.empty()) text = "no labels are moving\n";
  print(all, options.json, text);
  return program::kDone;
}

// Until there is nothing left that the gateway does by itself.
Result<int> watch(const MigrateOptions& options) {
  const program::Interrupt interrupt;
  std::string said;
  while (true) {
    KT_TRY(const Json all, records(options));
    const Json& record = all.at(0);
    const std::string now = describe(record);
    if (now != said) {
      print(record, options.json, now);
      std::fflush(stdout);
      said = now;
    }
    const auto next = record.find("next");
    const bool is_waiting = record.value("is_paused", false) || next == record.end() ||
                            text_in(*next, "by") == "person";
    if (is_waiting) return program::kDone;
    pollfd wait{interrupt.descriptor(), POLLIN, 0};
    if (poll(&wait, 1, kWatchMilliseconds) != 0) return program::kInterrupted;
  }
}

Result<LogId> log_id_in(const Json& record, const char* name) {
  const auto bytes = from_hex(text_in(record, name));
  HashValue hash{};
  if (!bytes || bytes->size() != hash.size())
    return fail(Errc::unavailable, "the gateway's answer is none");
  std::copy(bytes->begin(), bytes->end(), hash.begin());
  return LogId(hash);
}

Result<int> verify(const MigrateOptions& options) {
  const program::Interrupt interrupt;
  KT_TRY(const Json all, records(options));
  const Json& record = all.at(0);
  KT_TRY(const LogId from, log_id_in(record, "from_id"));
  KT_TRY(const LogId to, log_id_in(record, "to_id"));
  MigrationVerifier verifier(text_in(record, "mode") == "gradual", from, to);
  KT_TRY(const std::string path, path_of(options, "page"));
  while (true) {
    if (interrupt.came()) return program::kInterrupted;
    KT_TRY(const Json page,
           post_to_admin(options.socket, path, format_page_request(verifier.next())));
    KT_TRY(const bool more, verifier.take(page, log::system_clock().now()));
    if (!more) break;
  }
  const MigrationReport& report = verifier.report();
  std::string text;
  for (const std::string& each : report.shown) text += "fault: " + each + "\n";
  text += std::to_string(report.moved) + " labels have moved with their value, " +
          std::to_string(report.updated) + " with an update, " + std::to_string(report.waiting) +
          " are in the old log, " + std::to_string(report.faults) + " faults\n";
  print(Json{{"moved", report.moved},
             {"updated", report.updated},
             {"waiting", report.waiting},
             {"faults", report.faults},
             {"shown", report.shown}},
        options.json, text);
  return report.faults == 0 ? program::kDone : program::kFailed;
}

using Options = std::shared_ptr<MigrateOptions>;

program::Command add(const program::Command& group, const std::string& name, const char* help,
                     const Options& options, bool is_of_one) {
  const program::Command command = group.add_command(name, help);
  command.add_path("--socket", options->socket, "The admin socket of the gateway").required();
  const program::Option domain = command.add_text("DOMAIN", options->domain, "Whose labels move");
  if (is_of_one) domain.required();
  command.add_flag("--json", options->json, "Print JSON");
  return command;
}

program::Option add_rate(const program::Command& command, const Options& options) {
  return command.add_number("--rate", options->rate, kMaxRate,
                            "Labels a second that the gateway moves at most; 0 for no limit");
}

void add_order(const program::Command& command, const Options& options) {
  command.add_text("--to", options->to, "The new log: its alias or LogId").required();
  command.add_choice("--mode", modes(), options->mode, "gradual or immediate");
  add_rate(command, options);
}

}  // namespace

void add_migrate(const program::Command& root) {
  const program::Command group = root.add_command("migrate", kHelp);
  group.set_footer(kFooter);
  const auto fresh = [] { return std::make_shared<MigrateOptions>(); };
  {
    const Options options = fresh();
    const auto command =
        add(group, "plan", "Say what would happen, and change nothing", options, true);
    add_order(command, options);
    command.runs([options] { return plan(*options); });
  }
  {
    const Options options = fresh();
    const auto command = add(group, "start", "Begin: the new log is named to users", options, true);
    add_order(command, options);
    command.add_duration("--grace", options->grace_ms, "How long the old log drains (30d)");
    const program::Option quiet = command.add_duration(
        "--quiet", options->quiet_ms,
        "For how long nobody may have monitored the old log before it retires. Default: as long as "
        "the grace period");
    command.add_flag("--compromised", options->is_compromised,
                     "Others may have the old log's keys: nothing that it signs after its final "
                     "head is to be believed. For --mode immediate");
    command.runs([options, quiet] {
      options->has_quiet = quiet.is_given();
      return run(*options, "start");
    });
  }
  {
    const Options options = fresh();
    const auto command = add(group, "labels",
                             "Say which labels an old log at another gateway has, before plan and "
                             "start: it does not tell",
                             options, true);
    command
        .add_path(
            "FILE", options->labels,
            "A label a line, as JSON, or what ktgate log export has written of the log; - for "
            "standard input")
        .required();
    command.runs([options] { return labels(*options); });
  }
  struct Plain {
    const char* name;
    const char* help;
  };
  constexpr std::array kPlain{
      Plain{"advance", "Go on to the next phase where a person decides: sweep, or freeze"},
      Plain{"pause", "Move nothing that is not updated"},
      Plain{"abort", "Leave everything in the old log, while that can be done"},
  };
  for (const Plain& each : kPlain) {
    const Options options = fresh();
    const auto command = add(group, each.name, each.help, options, true);
    command.runs([options, name = std::string(each.name)] { return run(*options, name); });
  }
  {
    const Options options = fresh();
    const auto command =
        add(group, "resume", "Go on moving, or go on at another rate", options, true);
    const program::Option rate = add_rate(command, options);
    command.runs([options, rate] {
      options->has_rate = rate.is_given();
      return run(*options, "resume");
    });
  }
  {
    const Options options = fresh();
    const auto command =
        add(group, "finish",
            "Retire the old log, when the grace period is over and nobody monitors it any more",
            options, true);
    command.add_flag("--despite-monitoring", options->despite_monitoring,
                     "Also while somebody monitors it");
    command.runs([options] { return run(*options, "finish"); });
  }
  {
    const Options options = fresh();
    add(group, "verify", "Verify what both logs say of every label, and report faults", options,
        true)
        .runs([options] { return verify(*options); });
  }
  {
    const Options options = fresh();
    add(group, "status", "Say where it stands", options, false).runs([options] {
      return status(*options);
    });
  }
  {
    const Options options = fresh();
    add(group, "watch", "Say where it stands until a person has to do something", options, true)
        .runs([options] { return watch(*options); });
  }
}

}  // namespace kt::gateway
