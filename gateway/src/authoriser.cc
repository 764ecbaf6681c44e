#include "authoriser.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include <nlohmann/json.hpp>

#include "federation/strict_json.h"
#include "json_view.h"
#include "keytrans/base64url.h"
#include "program/token_file.h"
#include "store/files.h"

namespace kt::gateway {
namespace {

namespace asio = boost::asio;
using federation::HttpRequest;
using federation::HttpResponse;
using Json = nlohmann::ordered_json;
using std::chrono::steady_clock;

constexpr std::size_t kMaxAuthoritiesSize = std::size_t{4} << 20;

constexpr std::array<std::string_view, 3> kOutcomes{"allowed", "denied", "failed"};

auto settings_of(const AuthoriserConfiguration& configuration) {
  const federation::HttpClientOptions& http = configuration.http;
  return std::tie(configuration.url, http.socket, http.authorities, http.connections, http.waiting,
                  http.total_timeout);
}

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

bool is_visible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

}  // namespace

std::string_view to_string(AccessOperation operation) {
  switch (operation) {
    case AccessOperation::search: return "search";
    case AccessOperation::update: return "update";
    case AccessOperation::monitor: return "monitor";
  }
  return "unknown";
}

Result<Bytes> authoriser_question(AccessOperation operation, const LabelOwner& owner,
                                  const Label& label, const Caller& caller) {
  if (caller.unknown_token && !is_visible(*caller.unknown_token))
    return fail(Errc::rejected, "the token has characters that no token has");
  Json question{{"operation", to_string(operation)}};
  question["domain"] = owner.domain ? Json(owner.domain->text()) : Json();
  // Canonical labels are UTF-8, whatever their rule.
  question["identity"] = owner.domain && owner.is_canonical
                             ? Json(std::string(label.bytes().begin(), label.bytes().end()))
                             : Json();
  question["label"] = to_base64url(label.bytes());
  question["caller"] = {{"principal", or_null(caller.principal)},
                        {"hosts", caller.hosts},
                        {"identities", caller.identities},
                        {"token", or_null(caller.unknown_token)}};
  return to_bytes(question.dump());
}

Result<bool> read_decision(const HttpResponse& response) {
  if (response.status != 200)
    return fail(Errc::malformed, "it answers with status " + std::to_string(response.status));
  if (response.content_type != kJsonType)
    return fail(Errc::malformed, "it answers with another media type");
  const auto json = federation::parse_json(
      {reinterpret_cast<const char*>(response.body.data()), response.body.size()});
  if (json && json->is_object()) {
    const auto decision = json->find("decision");
    if (decision != json->end() && *decision == "allow") return true;
    if (decision != json->end() && *decision == "deny") return false;
  }
  return fail(Errc::malformed, "it answers with what is no decision");
}

void AuthoriserMetrics::note(AuthoriserOutcome outcome, std::chrono::nanoseconds time) {
  const std::lock_guard lock(mutex_);
  ++outcomes_.at(static_cast<std::size_t>(outcome));
  latency_.add(time);
}

void AuthoriserMetrics::write(PrometheusText& text) const {
  const std::lock_guard lock(mutex_);
  text.begin(MetricType::counter, "ktgate_authoriser_requests_total",
             "Questions to the authoriser, by what it said.");
  for (std::size_t i = 0; i < kOutcomes.size(); ++i)
    text.sample({{"outcome", kOutcomes.at(i)}}, static_cast<double>(outcomes_.at(i)));
  text.begin(MetricType::histogram, "ktgate_authoriser_request_duration_seconds",
             "How long questions to the authoriser took.");
  text.sample({}, latency_);
}

Result<AuthoriserFiles> read_authoriser_files(const AuthoriserConfiguration& configuration) {
  AuthoriserFiles files;
  if (!configuration.token_file.empty()) {
    auto token = program::read_token_file(configuration.token_file);
    if (!token) return fail_in("token_file", std::move(token).error());
    files.token = *std::move(token);
  }
  if (!configuration.http.authorities.empty()) {
    auto authorities = store::read_small_file(configuration.http.authorities, kMaxAuthoritiesSize);
    if (!authorities) return fail_in("authorities", std::move(authorities).error());
    files.authorities = *std::move(authorities);
  }
  return files;
}

Authoriser::Authoriser(AuthoriserConfiguration configuration, AuthoriserFiles files,
                       std::shared_ptr<AuthoriserMetrics> metrics)
    : configuration_(std::move(configuration)),
      files_(std::move(files)),
      metrics_(std::move(metrics)),
      work_(context_.get_executor()) {}

Result<std::shared_ptr<Authoriser>> Authoriser::open(const AuthoriserConfiguration& configuration,
                                                     AuthoriserFiles files,
                                                     std::shared_ptr<AuthoriserMetrics> metrics) {
  KT_ASSERT(configuration.url.has_value());
  std::shared_ptr<Authoriser> authoriser(
      new Authoriser(configuration, std::move(files), std::move(metrics)));
  federation::HttpClientOptions http = configuration.http;
  http.connect_timeout = http.total_timeout;
  KT_TRY(authoriser->client_, routing::SharedClient::create(authoriser->context_.get_executor(),
                                                            *configuration.url, http));
  authoriser->thread_ = std::thread([&context = authoriser->context_] { context.run(); });
  return authoriser;
}

Authoriser::~Authoriser() {
  if (client_ != nullptr) client_->close();
  context_.stop();
  if (thread_.joinable()) thread_.join();
}

asio::awaitable<AuthoriserOutcome> Authoriser::ask(Bytes question) {
  const auto begin = steady_clock::now();
  HttpRequest request;
  request.method = federation::HttpMethod::post;
  request.target = configuration_.url->path.empty() ? "/" : "";
  request.content_type = kJsonType;
  request.accept = kJsonType;
  request.bearer_token = files_.token.text();
  request.deadline = begin + configuration_.http.total_timeout;
  request.body = std::move(question);
  request.changes_nothing = true;
  const auto answered = co_await client_->send(std::move(request));
  Result<bool> decision = fail(Errc::unavailable, "");
  if (answered) {
    decision = read_decision(*answered);
  } else {
    decision = tl::unexpected<Error>(answered.error());
  }
  AuthoriserOutcome outcome = AuthoriserOutcome::failed;
  if (decision) outcome = *decision ? AuthoriserOutcome::allowed : AuthoriserOutcome::denied;
  metrics_->note(outcome, steady_clock::now() - begin);
  const std::lock_guard lock(mutex_);
  failure_ = decision ? std::string() : std::move(decision).error().detail;
  co_return outcome;
}

std::optional<std::string> Authoriser::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

bool Authoriser::is_of(const AuthoriserConfiguration& configuration,
                       const AuthoriserFiles& files) const {
  return settings_of(configuration) == settings_of(configuration_) &&
         files_.token.equal(files.token.view()) && files_.authorities == files.authorities;
}

}  // namespace kt::gateway
