#include "migration_api.h"

#include <array>

#include <nlohmann/json.hpp>

#include "labels_body.h"
#include "migration_order.h"
#include "migration_page.h"
#include "problem.h"
#include "routing/await.h"

namespace kt::gateway {
namespace {

namespace asio = boost::asio;
using Json = nlohmann::ordered_json;
using federation::Domain;
using migration::Record;

constexpr int kAttempts = 20;
constexpr std::size_t kMaxBody = 4096;
constexpr std::string_view kType = "application/json";

using Refused = tl::unexpected<Response>;

std::string name_of(const Hosting& hosting, const LogId& log) {
  const HostedLog* const hosted = hosting.find_log(log.hex());
  return hosted == nullptr ? log.hex() : hosted->alias;
}

Json json_of(const Hosting& hosting, const Record& record, const migration::Activity& seen) {
  Json json{{"domain", record.domain.text()},
            {"mode", to_string(record.mode)},
            {"phase", to_string(record.phase)},
            {"from", name_of(hosting, record.from)},
            {"to", name_of(hosting, record.to)},
            {"from_id", record.from.hex()},
            {"to_id", record.to.hex()},
            {"started", std::to_string(record.started.value())},
            {"phase_since", std::to_string(record.phase_since.value())},
            {"is_paused", record.is_paused},
            {"fault", record.fault},
            {"rate", record.rate},
            {"grace_ms", record.grace_ms},
            {"quiet_ms", record.quiet_ms},
            {"monitorings", seen.monitorings},
            {"tombstones_by_updates", seen.tombstones},
            {"is_compromised", record.is_compromised},
            {"is_checked", record.is_checked},
            {"labels", record.labels},
            {"labels_done", migration::labels_done(record)},
            {"moved", record.progress.moved},
            {"updated", record.progress.updated},
            {"verified", record.progress.verified}};
  for (const auto actor : {migration::Actor::person, migration::Actor::gateway}) {
    const auto* const next = migration::find_transition(record.mode, record.phase, actor);
    if (next == nullptr) continue;
    json["next"] = {{"phase", to_string(next->to)},
                    {"by", actor == migration::Actor::person ? "person" : "gateway"},
                    {"when", next->condition}};
  }
  if (seen.monitorings > 0) json["monitored"] = std::to_string(seen.monitored.value());
  if (record.final_head)
    json["final_head"] = {{"tree_size", std::to_string(record.final_head->tree_size.value())},
                          {"root", to_hex(record.final_head->root)}};
  return json;
}

Response json_response(const Json& json) {
  Response response;
  response.content_type = kType;
  response.body = to_bytes(json.dump() + "\n");
  return response;
}

// What a command is done with.
struct Call {
  Migrations& migrations;
  std::shared_ptr<const Hosting> hosting;
  std::shared_ptr<const PublishedDirectories> published;
  Domain domain;
  Bytes body;
  Timestamp now;
};

Result<Json> shown(const Call& call, const Result<Record>& record) {
  if (!record) return tl::unexpected<Error>(record.error());
  KT_TRY(const auto activity, call.migrations.activity(record->domain));
  return json_of(*call.hosting, *record, activity->seen());
}

Result<Json> plan(const Call& call) {
  KT_TRY(const MigrationOrder order, parse_migration_order(call.body));
  KT_TRY(const MigrationPlan plan, call.migrations.plan(*call.hosting, call.domain, order));
  return Json{{"domain", call.domain.text()},
              {"mode", to_string(order.mode)},
              {"from", plan.from},
              {"to", plan.to},
              {"labels", plan.labels},
              {"is_counted", plan.is_counted}};
}

Result<Json> start(const Call& call) {
  KT_TRY(const MigrationOrder order, parse_migration_order(call.body));
  return shown(call, call.migrations.start(*call.hosting, call.domain, order, call.now));
}

Result<Json> finish(const Call& call) {
  KT_TRY(const bool despite, parse_finish_order(call.body));
  return shown(call, call.migrations.finish(call.domain, despite, call.now));
}

Result<Json> abort(const Call& call) {
  KT_TRY(const auto record, call.migrations.abort(*call.hosting, call.domain));
  if (!record) return Json{{"domain", call.domain.text()}, {"phase", "none"}};
  return shown(call, *record);
}

Result<Json> begin_list(const Call& call) {
  KT_TRY(call.migrations.begin_list(*call.hosting, call.domain));
  return Json::object();
}

Result<Json> add_to_list(const Call& call) {
  KT_TRY(const auto labels, parse_labels(call.body));
  KT_TRY(call.migrations.add_to_list(*call.hosting, call.domain, labels));
  return Json{{"labels", labels.size()}};
}

Result<Json> complete_list(const Call& call) {
  KT_TRY(const std::uint64_t count, parse_list_end(call.body));
  KT_TRY(call.migrations.complete_list(*call.hosting, call.domain, count));
  return Json{{"labels", count}};
}

Result<Json> resume(const Call& call) {
  KT_TRY(const auto rate, parse_resume_order(call.body));
  return shown(call, call.migrations.resume(call.domain, rate));
}

Result<Json> page(const Call& call) {
  const HostedMigration* const migration = call.hosting->migration(call.domain);
  if (migration == nullptr) return fail(Errc::not_found, "no labels of that domain are moving");
  KT_TRY(const PageRequest request, parse_page_request(call.body));
  return make_page(*migration, request);
}

}  // namespace

struct MigrationApi::Command {
  std::string_view name;
  Result<Json> (*run)(const Call& call);
  std::string_view type = kType;
  std::size_t limit = kMaxBody;
};

tl::expected<Endpoint, Response> MigrationApi::find(const RequestHead& head) {
  static constexpr std::array kCommands{
      Command{"plan", plan},
      Command{"start", start},
      Command{"labels-begin", begin_list},
      Command{"labels", add_to_list, kLabelsType, kMaxLabelsSize},
      Command{"labels-end", complete_list},
      Command{"advance",
              [](const Call& call) {
                return shown(call, call.migrations.advance(*call.hosting, *call.published,
                                                           call.domain, call.now));
              }},
      Command{"pause",
              [](const Call& call) { return shown(call, call.migrations.pause(call.domain)); }},
      Command{"resume", resume},
      Command{"finish", finish},
      Command{"page", page},
      Command{"abort", abort},
  };
  std::string_view rest = std::string_view(head.path).substr(kMigrationsPath.size());
  Endpoint endpoint;
  if (rest.empty()) {
    if (head.method != Method::get) return Refused(method_not_allowed(Method::get));
    endpoint.name = "migrations";
    endpoint.handle = [this](const Request& /*request*/) { return list(); };
    return endpoint;
  }
  const std::size_t slash = rest.rfind('/');
  if (rest[0] != '/' || slash == 0) return Refused(problem_response(Problem::not_found));
  const auto domain = Domain::parse(rest.substr(1, slash - 1));
  const auto* const command =
      std::find_if(kCommands.begin(), kCommands.end(),
                   [&](const Command& each) { return each.name == rest.substr(slash + 1); });
  if (!domain || command == kCommands.end()) return Refused(problem_response(Problem::not_found));
  if (head.method != Method::post) return Refused(method_not_allowed(Method::post));
  endpoint.name = "migrate";
  endpoint.content_type = command->type;
  endpoint.body_limit = command->limit;
  if (head.content_type != endpoint.content_type)
    return Refused(
        problem_response(Problem::unsupported_media_type, "it has to be " + endpoint.content_type));
  endpoint.handle = [this, command, domain = *domain](Request request) {
    return run(*command, domain, std::move(request));
  };
  return endpoint;
}

asio::awaitable<Response> MigrationApi::list() {
  const auto hosting = hosting_.snapshot();
  const auto records = migrations_.records();
  if (!records) co_return problem_of(records.error(), Problem::internal);
  Json all = Json::array();
  for (const Record& each : *records) {
    const auto activity = migrations_.activity(each.domain);
    if (!activity) co_return problem_of(activity.error(), Problem::internal);
    all.push_back(json_of(*hosting, each, (*activity)->seen()));
  }
  co_return json_response(all);
}

asio::awaitable<Response> MigrationApi::run(const Command& command, Domain domain,
                                            Request request) {
  std::function<Result<Json>()> work = [this, &command, domain = std::move(domain),
                                        body = std::move(request.body)] {
    // What moves labels changes the record all the time, and commands go by it as it is.
    for (int left = kAttempts;; --left) {
      Result<Json> done = command.run(Call{migrations_, hosting_.snapshot(), publisher_.published(),
                                           domain, body, clock_.now()});
      const bool was_overtaken = !done && done.error().code == Errc::conflict;
      if (!was_overtaken || left == 0) return done;
    }
  };
  auto done = co_await routing::await_on<Result<Json>>(blocking_, std::move(work));
  if (!done) co_return problem_of(done.error(), Problem::no_log, Problem::rejected);
  co_return json_response(*done);
}

void MigrationApi::write_metrics(PrometheusText& text) const {
  const auto records = migrations_.records();
  if (!records || records->empty()) return;
  const auto hosting = hosting_.snapshot();
  // Logs by their aliases: a domain is nobody's label.
  const auto each = [&](std::string_view name, MetricType type, std::string_view help,
                        const std::function<double(const Record&)>& value) {
    text.begin(type, name, help);
    for (const Record& record : *records)
      text.sample({{"from", name_of(*hosting, record.from)}, {"to", name_of(*hosting, record.to)}},
                  value(record));
  };
  text.begin(MetricType::gauge, "ktgate_migration_phase",
             "1 for the phase that a migration is in.");
  for (const Record& record : *records)
    text.sample({{"from", name_of(*hosting, record.from)},
                 {"to", name_of(*hosting, record.to)},
                 {"phase", std::string(to_string(record.phase))}},
                1);
  each("ktgate_migration_paused", MetricType::gauge,
       "Whether nothing is moved that is not updated, by a command or because of a fault.",
       [](const Record& record) { return record.is_paused ? 1.0 : 0.0; });
  each("ktgate_migration_labels_moved_total", MetricType::counter,
       "Labels that the gateway has swept or copied.",
       [](const Record& record) { return static_cast<double>(record.progress.moved); });
  each("ktgate_migration_labels_updated_total", MetricType::counter,
       "Labels that a sweep has found moved, by updates.",
       [](const Record& record) { return static_cast<double>(record.progress.updated); });
  each("ktgate_migration_labels", MetricType::gauge,
       "Labels of users in the old log when it began, 0 when they were not counted.",
       [](const Record& record) { return static_cast<double>(record.labels); });
  const auto of_each = [&](std::string_view name, MetricType type, std::string_view help,
                           const std::function<double(const migration::Activity&)>& value) {
    each(name, type, help, [&](const Record& record) {
      const auto activity = migrations_.activity(record.domain);
      return activity ? value((*activity)->seen()) : 0.0;
    });
  };
  of_each("ktgate_migration_update_tombstones_total", MetricType::counter,
          "Labels that users' updates have moved.",
          [](const migration::Activity& seen) { return static_cast<double>(seen.tombstones); });
  of_each("ktgate_migration_old_log_monitorings_total", MetricType::counter,
          "Requests to monitor the old log since labels have moved.",
          [](const migration::Activity& seen) { return static_cast<double>(seen.monitorings); });
  of_each("ktgate_migration_old_log_monitored_timestamp_seconds", MetricType::gauge,
          "When the last one of them came, since the Unix epoch; 0 for never.",
          [](const migration::Activity& seen) {
            return static_cast<double>(seen.monitored.value()) / 1000;
          });
}

}  // namespace kt::gateway
