#include <algorithm>
#include <cstdio>
#include <memory>

#include "client/compare.h"
#include "client/monitor.h"
#include "commands.h"
#include "common_options.h"
#include "exit_codes.h"
#include "output.h"
#include "program/token_file.h"

namespace kt::client {
namespace {

struct HeadsOptions {
  CommonOptions common;
  std::string domain;  // whose logs are compared
  std::filesystem::path token_file;
};

constexpr const char* kHelp =
    "Lists the logs that were asked, with the trees that were verified last. Asks nobody, but "
    "with\n"
    "--compare, which finds out whether the logs of a domain show others what they show you.";

constexpr const char* kFooter =
    "--compare asks each log of the domain twice, as somebody who is new: directly, with your "
    "token\n"
    "if you have one there, and anonymously, through the relay of your home domain (kt home). A "
    "log\n"
    "that shows two histories is found out, and proof of it is saved: kt evidence check. Exit "
    "code\n"
    "0 says that every log that was asked showed the same on both roads, and what is known of it; "
    "6\n"
    "that one did not. When one of the roads leads nowhere nothing was compared, and the exit code "
    "says why.\n\n"
    "Example:\n"
    "  kt heads --compare example.net";

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

// --- Comparing -------------------------------------------------------------------------------

const char* verdict(const ComparedLog& log) {
  if (log.is_left_out) return "NOT compared: others may have its keys, so it is not asked any more";
  if (!log.error) return "consistent: both roads show one history, and it is the one that is known";
  if (log.error->code == Errc::verification_failed) return "ALARM";
  return "NOT compared";
}

void add_lines(Lines& lines, const ComparedLog& log, Timestamp now) {
  lines.emplace_back("log", log.alias + " (" + log.log.hex() + ")");
  lines.emplace_back("directly", log.direct ? describe(*log.direct, now) : "nothing verified");
  lines.emplace_back("anonymously",
                     log.anonymous ? describe(*log.anonymous, now) : "nothing verified");
  std::string result = verdict(log);
  if (log.error) result += ": " + log.error->detail;
  lines.emplace_back("result", std::move(result));
  for (const std::filesystem::path& path : log.evidence)
    lines.emplace_back("evidence", path.string());
}

Json compared_json(const ComparedLog& log) {
  Json json{{"log_id", log.log.hex()},
            {"alias", log.alias},
            {"direct", log.direct ? json_of(*log.direct) : Json(nullptr)},
            {"anonymous", log.anonymous ? json_of(*log.anonymous) : Json(nullptr)},
            {"consistent", nullptr},
            {"left_out", log.is_left_out},
            {"error", nullptr},
            {"evidence", Json::array()}};
  if (!log.is_left_out && (!log.error || log.error->code == Errc::verification_failed))
    json["consistent"] = !log.error.has_value();
  if (log.error)
    json["error"] = {{"code", to_string(log.error->code)}, {"detail", log.error->detail}};
  for (const std::filesystem::path& path : log.evidence) json["evidence"].push_back(path.string());
  return json;
}

Result<RelayAccess> access_to(const Session& session, const federation::Domain& domain) {
  KT_TRY(auto home, load_home(session.state));
  if (!home)
    return fail(Errc::rejected,
                "nothing was compared: there is no relay to ask through, as there is no home "
                "domain: kt home");
  auto access = home->access_to(domain);
  if (!access) return fail_in("nothing was compared", std::move(access).error());
  return access;
}

Result<int> compare(const HeadsOptions& options) {
  auto domain = federation::Domain::parse(options.domain);
  if (!domain) return fail_in("--compare", std::move(domain).error());
  RoadsRequest request{*domain, {}, std::chrono::milliseconds(options.common.timeout)};
  if (!options.token_file.empty()) {
    auto token = program::read_token_file(options.token_file);
    if (!token) return fail_in("--token-file", std::move(token).error());
    request.token = *std::move(token);
  }
  KT_TRY(OpenSession opened, open_session(options.common, "heads"));
  KT_TRY(const RelayAccess access, access_to(opened.session, *domain));
  KT_TRY(Relay relay, open_relay(opened.session, access));
  KT_TRY(const auto logs, compare_roads(opened.session, std::move(relay), request));
  int code = program::kDone;
  for (const ComparedLog& log : logs) {
    if (log.error) code = std::max(code, exit_code(log.error->code));
  }
  if (options.common.json) {
    Json json{{"domain", domain->text()}, {"relay", access.domain.text()}, {"logs", Json::array()}};
    for (const ComparedLog& log : logs) json["logs"].push_back(compared_json(log));
    print(json);
    return code;
  }
  Lines lines;
  for (const ComparedLog& log : logs) add_lines(lines, log, system_now());
  print(lines);
  return code;
}

}  // namespace

void add_heads(const program::Command& root) {
  const auto options = std::make_shared<HeadsOptions>();
  const program::Command command = root.add_command("heads", kHelp);
  command.set_footer(kFooter);
  const program::Option domain =
      command
          .add_text("--compare", options->domain,
                    "Ask the logs of this domain on two roads, and compare what they show")
          .type_name("DOMAIN");
  command
      .add_path("--token-file", options->token_file,
                "With --compare: the token by which the domain's gateway knows you, shown to it "
                "on the direct road")
      .type_name("FILE")
      .needs(domain);
  add_common_options(command, options->common);
  command.runs(
      [options, domain] { return domain.is_given() ? compare(*options) : list(options->common); });
}

}  // namespace kt::client
