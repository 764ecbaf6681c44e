#include "admin_api.h"

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "labels_body.h"
#include "log_metrics.h"
#include "problem.h"
#include "prometheus_text.h"
#include "readiness.h"
#include "routing/await.h"

namespace kt::gateway {
namespace {

namespace asio = boost::asio;

constexpr unsigned kOk = 200;
constexpr unsigned kAccepted = 202;
constexpr unsigned kServiceUnavailable = 503;
constexpr std::string_view kLogs = "/logs/";
constexpr std::string_view kErase = "/erase";
constexpr std::string_view kRotateKeys = "/ohttp/rotate";

using Refused = tl::unexpected<Response>;

Response json_response(const nlohmann::ordered_json& json, unsigned status = kOk) {
  Response response;
  response.status = status;
  response.content_type = "application/json";
  response.body = to_bytes(json.dump() + "\n");
  return response;
}

void write_relay_metrics(const Relay& relay, PrometheusText& text) {
  const auto number = [](std::uint64_t count) { return static_cast<double>(count); };
  text.begin(MetricType::counter, "ktgate_relay_requests_total",
             "Requests of users for other domains' gateways, by what became of them.");
  for (const RelayOutcome outcome : kRelayOutcomes)
    text.sample({{"outcome", to_string(outcome)}}, number(relay.metrics()->count(outcome)));
  const auto domains = relay.domains();
  text.begin(MetricType::gauge, "ktgate_federation_domains",
             "Other domains whose directory document is known.");
  text.sample({}, number(domains.known));
  text.begin(MetricType::gauge, "ktgate_federation_domains_in_alarm",
             "Other domains by what an operator has to look at.");
  text.sample({{"alarm", to_string(federation::DiscoveryAlarm::held_down)}},
              number(domains.held_down));
  text.sample({{"alarm", to_string(federation::DiscoveryAlarm::withdrawn)}},
              number(domains.withdrawn));
  text.sample({{"alarm", to_string(federation::DiscoveryAlarm::refused)}}, number(domains.refused));
}

void write_witness_metrics(const Witness& witness, PrometheusText& text) {
  const auto number = [](auto count) { return static_cast<double>(count); };
  const auto logs = witness.logs();
  text.begin(MetricType::gauge, "ktgate_witness_logs",
             "Logs of which something was seen, those of this gateway among them.");
  text.sample({}, number(logs->size()));
  text.begin(MetricType::gauge, "ktgate_witness_logs_in_alarm",
             "Logs by what an operator has to look at.");
  for (const WitnessAlarm alarm : kWitnessAlarms) {
    const auto count = std::count_if(
        logs->begin(), logs->end(), [alarm](const auto& log) { return log.second.alarm == alarm; });
    text.sample({{"alarm", to_string(alarm)}}, number(count));
  }
  text.begin(MetricType::counter, "ktgate_witness_looks_total",
             "Looks at logs, by what came of them.");
  for (const Look look : kLooks)
    text.sample({{"outcome", to_string(look)}}, number(witness.metrics().count(look)));
  text.begin(MetricType::counter, "ktgate_witness_comparisons_total",
             "Comparisons with what other gateways have seen, by what came of them.");
  for (const Comparison comparison : kComparisons)
    text.sample({{"outcome", to_string(comparison)}}, number(witness.metrics().count(comparison)));
}

asio::awaitable<Response> done(Response response) { co_return response; }

}  // namespace

struct AdminApi::Operation {
  std::string_view path;
  Response (*answer)(const AdminApi&);
};

AdminApi::AdminApi(const Current<Hosting>& hosting, const HttpServer& server,
                   const log::Clock& clock)
    : hosting_(hosting), server_(server), clock_(clock), started_(clock.now()) {}

tl::expected<Endpoint, Response> AdminApi::find(const RequestHead& head) {
  static constexpr std::array kOperations{
      Operation{"/livez", [](const AdminApi& /*api*/) { return livez(); }},
      Operation{"/readyz", [](const AdminApi& api) { return api.readyz(); }},
      Operation{"/metrics", [](const AdminApi& api) { return api.metrics(); }},
  };
  for (const Operation& operation : kOperations) {
    if (head.path != operation.path) continue;
    if (head.method != Method::get) return Refused(method_not_allowed(Method::get));
    Endpoint endpoint;
    endpoint.name = operation.path.substr(1);
    endpoint.handle = [this, answer = operation.answer](const Request& /*request*/) {
      return done(answer(*this));
    };
    return endpoint;
  }
  if (head.path == kRotateKeys) return rotate(head);
  if (migrations_ && head.path.starts_with(kMigrationsPath)) return migrations_->find(head);
  if (head.path.starts_with(kLogs))
    return find_on_log(std::string_view(head.path).substr(kLogs.size()), head);
  return Refused(problem_response(Problem::not_found));
}

// `path` begins with the log's name.
tl::expected<Endpoint, Response> AdminApi::find_on_log(std::string_view path,
                                                       const RequestHead& head) {
  const std::size_t slash = std::min(path.find('/'), path.size());
  if (path.substr(slash) != kErase) return Refused(problem_response(Problem::not_found));
  const auto hosting = hosting_.snapshot();
  const HostedLog* const hosted = hosting->find_log(path.substr(0, slash));
  if (hosted == nullptr) return Refused(problem_response(Problem::unknown_log));
  if (hosted->is_remote())
    return Refused(problem_response(Problem::unknown_log, "it is at another gateway"));
  if (head.method != Method::post) return Refused(method_not_allowed(Method::post));
  Endpoint endpoint;
  endpoint.name = "erase";
  endpoint.content_type = kLabelsType;
  endpoint.body_limit = kMaxLabelsSize;
  if (head.content_type != endpoint.content_type)
    return Refused(
        problem_response(Problem::unsupported_media_type, "it has to be " + endpoint.content_type));
  endpoint.handle = [this, hosting, hosted](Request request) {
    return erase(*hosted->log, std::move(request));
  };
  return endpoint;
}

tl::expected<Endpoint, Response> AdminApi::rotate(const RequestHead& head) const {
  if (ohttp_ == nullptr) return Refused(problem_response(Problem::no_ohttp));
  if (head.method != Method::post) return Refused(method_not_allowed(Method::post));
  Endpoint endpoint;
  endpoint.name = "rotate";
  endpoint.handle = [ohttp = ohttp_](const Request& /*request*/) {
    if (!ohttp->request_rotation())
      return done(problem_response(Problem::rejected, "a rotation is under way"));
    Response response;
    response.status = kAccepted;
    return done(std::move(response));
  };
  return endpoint;
}

asio::awaitable<Response> AdminApi::erase(log::Log& log, Request request) {
  auto labels = parse_labels(request.body);
  if (!labels) co_return problem_response(Problem::malformed, labels.error().detail);
  const std::size_t count = labels->size();
  using Erased = Result<std::uint64_t>;
  std::function<Erased()> work = [&log, labels = *std::move(labels)] { return log.erase(labels); };
  const Erased erased = co_await routing::await_on<Erased>(blocking_, std::move(work));
  if (!erased) co_return problem_of(erased.error(), Problem::unknown_label);
  co_return json_response(nlohmann::ordered_json{{"labels", count}, {"values", *erased}});
}

Response AdminApi::livez() {
  Response response;
  response.content_type = "text/plain";
  response.body = to_bytes(std::string_view("ok\n"));
  return response;
}

Response AdminApi::readyz() const {
  auto failures = nlohmann::ordered_json::array();
  if (is_ending_ || server_.is_draining()) failures.push_back({{"check", "draining"}});
  for (const Unready& unready : find_unready(hosting_.snapshot()->logs(), clock_.now()))
    failures.push_back(
        {{"check", unready.check}, {"log", unready.log}, {"reason", unready.reason}});
  return json_response(nlohmann::ordered_json{{"ready", failures.empty()}, {"failures", failures}},
                       failures.empty() ? kOk : kServiceUnavailable);
}

void AdminApi::write_ohttp_metrics(PrometheusText& text) const {
  const OhttpCounters& counters = ohttp_->counters();
  text.begin(MetricType::counter, "ktgate_ohttp_requests_total",
             "Encapsulated requests: answered, and unopened, which no key in force opens.");
  text.sample({{"outcome", "answered"}}, static_cast<double>(counters.answered));
  text.sample({{"outcome", "unopened"}}, static_cast<double>(counters.unopened));
  text.begin(MetricType::gauge, "ktgate_ohttp_keys",
             "Keys with which encapsulated requests are opened.");
  text.sample({}, static_cast<double>(ohttp_->published()->keys.size()));
  text.begin(MetricType::counter, "ktgate_ohttp_key_rotations_total",
             "Keys that were published for the first time.");
  text.sample({}, static_cast<double>(counters.rotations));
  text.begin(MetricType::gauge, "ktgate_ohttp_keys_out_of_step",
             "Whether a key is due that could not be made or published.");
  text.sample({}, counters.out_of_step ? 1 : 0);
}

Response AdminApi::metrics() const {
  PrometheusText text;
  text.begin(MetricType::gauge, "ktgate_build_info", "The version that is running.");
  text.sample({{"version", KTGATE_VERSION}}, 1);
  text.begin(MetricType::gauge, "ktgate_process_start_time_seconds",
             "When the process started, since the Unix epoch.");
  text.sample({}, static_cast<double>(started_.value()) / 1000);
  server_.metrics().write(text);
  text.begin(MetricType::gauge, "ktgate_configuration_reload_failed",
             "Whether the last reload of the configuration failed, and changed nothing.");
  text.sample({}, reload_failed_ ? 1 : 0);
  text.begin(MetricType::gauge, "ktgate_directory_documents_out_of_step",
             "Domains whose directory document does not say what the configuration says.");
  text.sample({}, static_cast<double>(unpublished_));
  if (migrations_) migrations_->write_metrics(text);
  if (ohttp_ != nullptr) write_ohttp_metrics(text);
  const auto hosting = hosting_.snapshot();
  if (hosting->authoriser() != nullptr) hosting->authoriser()->metrics()->write(text);
  write_log_metrics(hosting->logs(), clock_.now(), text);
  if (hosting->relay() != nullptr) write_relay_metrics(*hosting->relay(), text);
  if (witness_ != nullptr) write_witness_metrics(*witness_, text);
  Response response;
  response.content_type = PrometheusText::kContentType;
  response.body = to_bytes(text.take());
  return response;
}

}  // namespace kt::gateway
