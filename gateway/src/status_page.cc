#include "status_page.h"

#include <algorithm>
#include <map>

#include "deployment_names.h"
#include "keytrans/base64url.h"
#include "keytrans/hash.h"
#include "log/clock.h"
#include "log_condition.h"
#include "media_type.h"
#include "problem.h"
#include "program/duration.h"

namespace kt::gateway {
namespace {

using keytrans::DeploymentMode;

constexpr std::string_view kType = "text/html";

constexpr std::string_view kStyle = R"css(
:root { color-scheme: light dark; --paper: #fafaf8; --card: #fff; --ink: #1c1f24; --soft: #59606b;
  --line: #dcdfe4; --link: #0b57b5; --ok: #176b35; --warning: #8a4b00; --failing: #b3140f; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #14161a; --card: #1d2026; --ink: #e9ebee; --soft: #a3aab5; --line: #363b44;
    --link: #8ab8ff; --ok: #6fd08c; --warning: #f0b35a; --failing: #ff8a80; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.25rem 1rem 3rem; max-width: 60rem; background: var(--paper);
  color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
h1 { margin: 0; font-size: 1.4rem; }
h2 { margin: 2rem 0 .5rem; font-size: 1.1rem; }
h3 { margin: 0; font-size: 1.05rem; overflow-wrap: anywhere; }
a { color: var(--link); }
p { margin: .25rem 0; }
.verdict { font-size: 1.15rem; font-weight: 600; }
.cards { display: grid; gap: .75rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); }
article { padding: .9rem 1rem; border: 1px solid var(--line); border-radius: .5rem;
  background: var(--card); min-width: 0; }
article.failing { border-color: var(--failing); }
article.warning { border-color: var(--warning); }
.state { float: right; margin-left: .75rem; font-size: .9rem; font-weight: 600; }
.state.ok, .verdict.ok { color: var(--ok); }
.state.warning, .verdict.warning, li.warning { color: var(--warning); }
.state.failing, .verdict.failing, li.failing { color: var(--failing); }
ul { margin: .5rem 0; padding-left: 1.25rem; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .15rem .9rem; margin: .5rem 0 0; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
code { font: .85rem/1.5 ui-monospace, monospace; }
)css";

std::string escape(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&': escaped += "&amp;"; break;
      case '<': escaped += "&lt;"; break;
      case '>': escaped += "&gt;"; break;
      case '"': escaped += "&quot;"; break;
      case '\'': escaped += "&#39;"; break;
      default: escaped += c;
    }
  }
  return escaped;
}

// What is inside `<name ...>`; `content` is HTML.
std::string element(std::string_view opening, std::string_view content) {
  const std::string_view name = opening.substr(0, opening.find(' '));
  return "<" + std::string(opening) + ">" + std::string(content) + "</" + std::string(name) + ">\n";
}

std::string row(std::string_view term, std::string_view text) {
  return element("dt", escape(term)) + element("dd", escape(text));
}

std::string count(std::size_t number, const std::string& what) {
  return std::to_string(number) + " " + what + (number == 1 ? "" : "s");
}

// Of a log or a domain.
struct Standing {
  std::string_view css;    // also its class
  std::string_view words;  // for people
};

constexpr Standing kFine{"ok", "works"};
constexpr Standing kWatched{"warning", "works, with a warning"};
constexpr Standing kBroken{"failing", "fails"};

Standing standing_of(const std::vector<Condition>& conditions) {
  if (conditions.empty()) return kFine;
  return conditions.front().severity == Severity::failing ? kBroken : kWatched;
}

std::string_view css_of(Severity severity) {
  return severity == Severity::failing ? kBroken.css : kWatched.css;
}

// A log at one instant, judged. `state` is that of one in this process.
struct Observed {
  const HostedLog& hosted;
  std::optional<log::LogState> state{};
  std::vector<Condition> conditions{};
};

// What witnesses have found of a log that is hosted here.
void add_alarm(Observed& observed, const WitnessedLogs& witnessed) {
  const auto found = witnessed.find(observed.hosted.configuration().id());
  if (found == witnessed.end()) return;
  Condition condition{Severity::failing, "witness", "it has signed two histories"};
  switch (found->second.alarm) {
    case WitnessAlarm::none: return;
    case WitnessAlarm::forked: break;
    case WitnessAlarm::different: condition.reason = "it has shown two histories"; break;
    case WitnessAlarm::unverified:
      condition = {Severity::warning, "witness", "what it shows newcomers does not verify"};
      break;
  }
  const bool is_first = condition.severity == Severity::failing;
  observed.conditions.insert(is_first ? observed.conditions.begin() : observed.conditions.end(),
                             condition);
}

Observed observe(const HostedLog& hosted, const WitnessedLogs& witnessed, Timestamp now) {
  Observed observed{hosted};
  if (!hosted.is_remote()) {
    observed.state = hosted.log->state();
    observed.conditions = find_conditions(hosted.configuration(), *observed.state, now);
  } else if (hosted.upstream->log().state().is_ejected) {
    observed.conditions.push_back(
        {Severity::failing, "upstream", "the gateway that has it does not answer as it should"});
  }
  add_alarm(observed, witnessed);
  return observed;
}

std::string audited_text(const Observed& log) {
  if (!log.state->audited) return "nothing yet";
  return "size " + std::to_string(log.state->audited->value());
}

std::string card(std::string_view id, std::string_view title, Standing standing,
                 std::string_view content) {
  const std::string css(standing.css);
  return element("article id=\"" + escape(id) + "\" class=\"" + css + "\"",
                 element("span class=\"state " + css + "\"", escape(standing.words)) +
                     element("h3", escape(title)) + std::string(content));
}

std::string fault(std::string_view css, std::string_view words) {
  return element("li class=\"" + std::string(css) + "\"", escape(words));
}

std::string state_rows(const Observed& log, Timestamp now) {
  const keytrans::LogConfiguration& configuration = log.hosted.configuration();
  std::string rows = row("size", std::to_string(log.state->size.value()));
  if (log.state->rightmost_timestamp) {
    rows += row("newest entry",
                program::format_age(elapsed_ms(*log.state->rightmost_timestamp, now)) + " old");
  } else {
    rows += row("newest entry", "none");
  }
  rows += row("max_behind", program::format_duration(configuration.wire().max_behind));
  if (configuration.mode() == DeploymentMode::thirdPartyAuditing)
    rows += row("audited up to", audited_text(log));
  return rows;
}

std::string log_card(const Observed& log, Timestamp now) {
  const keytrans::LogConfiguration& configuration = log.hosted.configuration();
  std::string faults;
  for (const Condition& each : log.conditions) faults += fault(css_of(each.severity), each.reason);
  std::string rows =
      element("dt", "LogId") + element("dd", element("code", escape(configuration.id().hex())));
  rows += row("mode", name_of(configuration.mode()));
  if (log.state) {
    rows += state_rows(log, now);
  } else {
    rows += row("where", "at another gateway, which says how it is");
  }
  return card("log-" + log.hosted.alias, log.hosted.alias, standing_of(log.conditions),
              (faults.empty() ? "" : element("ul", faults)) + element("dl", rows));
}

bool is_unpublished(const DomainConfiguration& domain, const PublishedDirectories& published) {
  return domain.url.has_value() && !published.contains(*domain.name);
}

// By the log's alias.
using Standings = std::map<std::string, Standing, std::less<>>;

// Where labels are, for users.
std::string labels_text(const DomainConfiguration& domain, const HostedMigration* migration) {
  using migration::Phase;
  if (migration == nullptr)
    return domain.policy == DomainPolicy::sharded ? "each in one of the logs" : "all in the log";
  const migration::Record& record = migration->record;
  std::string phase = " (" + std::string(to_string(record.mode)) + " migration, " +
                      std::string(to_string(record.phase));
  if (const std::uint64_t done = migration::labels_done(record); record.labels > 0 && done > 0)
    phase += ", " + std::to_string(done) + " of " + std::to_string(record.labels);
  phase += ")";
  if (record.phase == Phase::dual || record.phase == Phase::sweeping)
    return "moving from " + migration->from->alias + " to " + migration->to->alias + phase;
  return "all in " + (migration->has_moved() ? migration->to : migration->from)->alias + phase;
}

std::string monitored_text(const migration::Activity& seen) {
  if (seen.monitorings == 0) return "not since labels have moved";
  return program::format_age(elapsed_ms(seen.monitored, log::system_clock().now())) + " ago";
}

std::string domain_card(const DomainConfiguration& domain, const HostedMigration* migration,
                        const PublishedDirectories& published, const Standings& standings) {
  std::string logs;
  std::string faults;
  Standing standing = kFine;
  for (const std::string& alias : domain.logs) {
    logs += (logs.empty() ? "" : ", ") +
            element("a href=\"#log-" + escape(alias) + "\"", escape(alias));
    const Standing of_log = standings.at(alias);
    if (of_log.css == kFine.css) continue;
    if (standing.css != kBroken.css) standing = of_log;
    faults += fault(of_log.css, "its log " + alias + " " + std::string(of_log.words));
  }
  if (is_unpublished(domain, published)) {
    if (standing.css == kFine.css) standing = kWatched;
    faults += fault(kWatched.css, "its directory document is not published yet");
  }
  std::string rows = element("dt", domain.logs.size() == 1 ? "log" : "logs") + element("dd", logs);
  rows += row("labels", labels_text(domain, migration));
  if (migration != nullptr && migration->has_moved())
    rows += row("old log monitored", monitored_text(migration->activity->seen()));
  const auto document = published.find(*domain.name);
  std::string epoch = domain.url ? "none yet" : "not published here";
  if (document != published.end())
    epoch = "epoch " + std::to_string(document->second.directory().epoch.value());
  rows += row("directory document", epoch);
  return card("domain-" + domain.name->text(), domain.name->text(), standing,
              (faults.empty() ? "" : element("ul", faults)) + element("dl", rows));
}

// What is wrong with others.
struct Others {
  std::size_t alarms = 0;
  std::string faults;

  void add(std::size_t count_of, const std::string& of_one, const std::string& of_several) {
    if (count_of == 0) return;
    alarms += count_of;
    const std::string words =
        count_of == 1 ? "one " + of_one : std::to_string(count_of) + " " + of_several;
    faults += fault(kWatched.css, words);
  }
};

Others observe_others(const Hosting& hosting, const WitnessedLogs& witnessed) {
  Others others;
  if (hosting.relay() != nullptr) {
    const auto domains = hosting.relay()->domains();
    others.add(domains.held_down,
               "domain is held down: none of its former logs has signed for "
               "the new ones",
               "domains are held down: none of their former logs has signed for the new ones");
    others.add(domains.withdrawn, "domain says no more that it has a log",
               "domains say no more that they have a log");
    others.add(domains.refused, "domain says what is not believed",
               "domains say what is not believed");
  }
  std::size_t different = 0;
  std::size_t unverified = 0;
  for (const auto& [id, log] : witnessed) {
    if (log.alarm == WitnessAlarm::none || hosting.find_log(id.hex()) != nullptr) continue;
    if (log.alarm == WitnessAlarm::different) ++different;
    if (log.alarm == WitnessAlarm::unverified) ++unverified;
    if (log.alarm != WitnessAlarm::forked) continue;
    ++others.alarms;
    const std::string hex = id.hex();
    others.faults +=
        element("li class=\"warning\"",
                "the log " + element("code", hex) + " has signed two histories: " +
                    element("a href=\"/kt/v1/logs/" + hex + "/evidence\"", "the proof"));
  }
  others.add(different, "log has shown two histories", "logs have shown two histories");
  others.add(unverified, "log shows newcomers what does not verify",
             "logs show newcomers what does not verify");
  return others;
}

std::string verdict(std::size_t failing, std::size_t warned, std::size_t logs) {
  if (failing > 0) {
    const std::string words = std::to_string(failing) + " of " + count(logs, "log") + " " +
                              (failing == 1 ? "fails" : "fail") + ".";
    return element("p class=\"verdict failing\"", escape(words));
  }
  if (warned > 0) {
    return element("p class=\"verdict warning\"",
                   escape("All logs answer. There " + std::string(warned == 1 ? "is " : "are ") +
                          count(warned, "warning") + "."));
  }
  return element("p class=\"verdict ok\"", "All is well.");
}

// RFC 4648, Section 4, of a hash, which policies of this kind name.
std::string style_source() {
  std::string base64 = to_base64url(keytrans::sha256(to_bytes(kStyle)));
  std::replace(base64.begin(), base64.end(), '-', '+');
  std::replace(base64.begin(), base64.end(), '_', '/');
  return "'sha256-" + base64 + "='";
}

boost::asio::awaitable<Response> done(Response response) { co_return response; }

}  // namespace

std::string status_page(const Hosting& hosting, const PublishedDirectories& published,
                        Timestamp now, const WitnessedLogs& witnessed) {
  const Others others = observe_others(hosting, witnessed);
  std::size_t failing = 0;
  std::size_t warned = others.alarms;
  std::string logs;
  Standings standings;
  for (const HostedLog& hosted : hosting.logs()) {
    const Observed observed = observe(hosted, witnessed, now);
    const Standing standing = standing_of(observed.conditions);
    standings.emplace(hosted.alias, standing);
    failing += standing.css == kBroken.css ? 1 : 0;
    warned += static_cast<std::size_t>(
        std::count_if(observed.conditions.begin(), observed.conditions.end(),
                      [](const Condition& each) { return each.severity == Severity::warning; }));
    logs += log_card(observed, now);
  }
  std::string domains;
  for (const DomainConfiguration& domain : hosting.domains()) {
    warned += is_unpublished(domain, published) ? 1 : 0;
    domains += domain_card(domain, hosting.migration(*domain.name), published, standings);
  }
  const std::string head =
      "<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta http-equiv=\"refresh\" content=\"30\">\n" +
      element("title", "Key Transparency: status") + element("style", kStyle);
  const std::string body =
      element("header",
              element("h1", "Key Transparency") + verdict(failing, warned, hosting.logs().size())) +
      element("main", (domains.empty()
                           ? ""
                           : element("h2", "Domains") + element("div class=\"cards\"", domains)) +
                          element("h2", "Logs") + element("div class=\"cards\"", logs) +
                          (others.faults.empty() ? ""
                                                 : element("h2", "Other domains") +
                                                       card("others", "Alarms", kWatched,
                                                            element("ul", others.faults))));
  return "<!doctype html>\n" +
         element("html lang=\"en\"", element("head", head) + element("body", body));
}

ApiOperation status_operation() {
  ApiOperation operation;
  operation.path = kStatusPath;
  operation.name = "status";
  operation.help = "How the domains and logs are, for people";
  operation.response_types = {std::string(kType)};
  return operation;
}

tl::expected<Endpoint, Response> status_endpoint(
    std::shared_ptr<const Hosting> hosting, std::shared_ptr<const PublishedDirectories> published,
    std::shared_ptr<const WitnessedLogs> witnessed, const RequestHead& head) {
  if (head.method != Method::get) return tl::unexpected(method_not_allowed(Method::get));
  if (!accepts(head.accept, kType))
    return tl::unexpected(problem_response(Problem::not_acceptable));
  Endpoint endpoint;
  endpoint.name = "status";
  if (witnessed == nullptr) witnessed = std::make_shared<const WitnessedLogs>();
  endpoint.handle = [hosting = std::move(hosting), published = std::move(published),
                     witnessed = std::move(witnessed)](const Request& /*request*/) {
    static const std::string policy =
        "default-src 'none'; style-src " + style_source() +
        "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    Response response;
    response.content_type = "text/html; charset=utf-8";
    response.body =
        to_bytes(status_page(*hosting, *published, log::system_clock().now(), *witnessed));
    response.headers = {{"Content-Security-Policy", policy},
                        {"X-Frame-Options", "DENY"},
                        {"Referrer-Policy", "no-referrer"},
                        {"Cross-Origin-Opener-Policy", "same-origin"},
                        {"Cross-Origin-Resource-Policy", "same-origin"},
                        {"Cache-Control", "no-store"}};
    return done(std::move(response));
  };
  return endpoint;
}

}  // namespace kt::gateway
