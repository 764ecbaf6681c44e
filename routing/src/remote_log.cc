#include "routing/remote_log.h"

#include <algorithm>
#include <array>
#include <mutex>
#include <random>
#include <utility>

#include "ejection.h"
#include "federation/media_type.h"
#include "federation/strict_json.h"
#include "keytrans/signature.h"
#include "retry_budget.h"
#include "routing/shared_client.h"

namespace kt::routing {
namespace {

namespace asio = boost::asio;
using federation::HttpRequest;
using federation::HttpResponse;
using keytrans::WireContext;
using std::chrono::steady_clock;

constexpr std::string_view kProblemType = "urn:ktgate:error:";

// --- What is asked ---------------------------------------------------------------------------

template <class Response, bool IsUpdate = false>
struct Asks {
  using Answer = Response;
  static constexpr bool kIsUpdate = IsUpdate;
};
template <class Request>
struct Operation;
template <>
struct Operation<keytrans::SearchRequest> : Asks<keytrans::SearchResponse> {
  static constexpr const char* kName = "search";
};
template <>
struct Operation<keytrans::ContactMonitorRequest> : Asks<keytrans::ContactMonitorResponse> {
  static constexpr const char* kName = "contact-monitor";
};
template <>
struct Operation<keytrans::OwnerInitRequest> : Asks<keytrans::OwnerInitResponse> {
  static constexpr const char* kName = "owner-init";
};
template <>
struct Operation<keytrans::OwnerMonitorRequest> : Asks<keytrans::OwnerMonitorResponse> {
  static constexpr const char* kName = "owner-monitor";
};
template <>
struct Operation<keytrans::DistinguishedRequest> : Asks<keytrans::DistinguishedResponse> {
  static constexpr const char* kName = "distinguished";
};
template <>
struct Operation<keytrans::UpdateRequest> : Asks<keytrans::UpdateResponse, true> {
  static constexpr const char* kName = "update";
};
template <>
struct Operation<keytrans::ManagerUpdateRequest> : Asks<keytrans::UpdateResponse, true> {
  static constexpr const char* kName = "update";
};
template <>
struct Operation<federation::CredentialRequest> : Asks<keytrans::Credential> {
  static constexpr const char* kName = "credential";
};
template <>
struct Operation<federation::CredentialUpdateRequest> : Asks<keytrans::CredentialUpdate> {
  static constexpr const char* kName = "credential-update";
};

template <>
struct Operation<keytrans::ConsistencyRequest> : Asks<keytrans::ConsistencyResponse> {
  static constexpr const char* kName = "consistency";
};

// A request to the log, and what is the response to it.
struct Question {
  std::string name;
  bool is_update;
  Bytes body;
  WireContext context;
  bool (*is_response)(ByteView body, const WireContext& context);
};

template <class Message>
bool is_encoded(ByteView body, const WireContext& context) {
  if constexpr (std::is_same_v<Message, keytrans::CredentialUpdate>) {
    return keytrans::decode<Message>(body).has_value();
  } else if constexpr (std::is_same_v<Message, keytrans::ConsistencyResponse>) {
    return keytrans::decode_consistency_response(body).has_value();
  } else {
    return keytrans::decode<Message>(body, context).has_value();
  }
}

bool is_signature(ByteView body, const WireContext& /*context*/) {
  return body.size() == keytrans::kSignatureSize;
}

template <class Message>
Result<Question> question_of(const Message& message, const keytrans::Configuration& wire) {
  using Asked = Operation<Message>;
  Question question{Asked::kName,
                    Asked::kIsUpdate,
                    {},
                    WireContext::of(wire),
                    &is_encoded<typename Asked::Answer>};
  if constexpr (std::is_same_v<Message, keytrans::SearchRequest>)
    question.context.version_requested = message.version.has_value();
  if constexpr (std::is_same_v<Message, keytrans::ManagerUpdateRequest>) {
    KT_TRY(question.body, keytrans::encode(message, question.context));
  } else {
    KT_TRY(question.body, encode(message));  // of the message's own namespace
  }
  return question;
}

// --- What is answered ------------------------------------------------------------------------

// An answer as this gateway takes it. `failure` is for the operator, the error for who asked.
struct Judged {
  RemoteOutcome outcome;
  Result<Bytes> result;
  std::string failure{};
  std::optional<std::chrono::seconds> retry_after{};
  bool may_repeat = false;  // nothing of an answer came
};

Judged unavailable(std::string failure) {
  return {RemoteOutcome::unavailable,
          fail(Errc::unavailable, "the gateway of the log cannot answer now"), std::move(failure)};
}

Judged invalid(std::string failure) {
  return {RemoteOutcome::invalid,
          fail(Errc::corrupt, "the gateway of the log answered something else"),
          std::move(failure)};
}

// The code of a problem (RFC 9457) of our binding; empty for anything else.
std::string problem_code(const HttpResponse& response) {
  if (response.content_type != "application/problem+json") return {};
  const auto json = federation::parse_json(
      {reinterpret_cast<const char*>(response.body.data()), response.body.size()});
  if (!json || !json->is_object()) return {};
  const auto type = json->find("type");
  if (type == json->end() || !type->is_string()) return {};
  const auto& text = type->get_ref<const std::string&>();
  return text.starts_with(kProblemType) ? text.substr(kProblemType.size()) : std::string();
}

// An error of the log's that is about the request, and what we say of it.
struct Refusal {
  unsigned status;
  std::string_view code;
  Errc error;
  const char* detail;
};
constexpr std::array kRefusals{
    Refusal{400, "malformed", Errc::malformed, "the log cannot read the request"},
    Refusal{404, "unknown-label", Errc::not_found, "the log has no such label"},
    Refusal{404, "unknown-version", Errc::not_found, "the log has no such version"},
    Refusal{409, "stale-version", Errc::conflict, "the caller is not where the log is"},
    Refusal{409, "stale-view", Errc::conflict, "the advertised tree is larger than the log's"},
    Refusal{413, "content-too-large", Errc::rejected, "the request is larger than the log takes"},
    Refusal{422, "rejected", Errc::rejected, "the log refuses the request"},
    Refusal{422, "reserved-label", Errc::rejected, "the label is the gateways' own"},
    Refusal{422, "reserved-value", Errc::rejected, "the value is the gateways' own"},
};

Judged judge_error(const HttpResponse& response) {
  const std::string status = "it answers with status " + std::to_string(response.status);
  if (response.status == 429 || response.status >= 500) {
    Judged judged = unavailable(status);
    judged.retry_after = response.retry_after;
    return judged;
  }
  if (response.status == 401 || response.status == 403)
    return unavailable(status + ": it does not know the token as the log's writer's");
  const std::string code = problem_code(response);
  const auto* const refusal = std::find_if(
      kRefusals.begin(), kRefusals.end(),
      [&](const Refusal& each) { return each.status == response.status && each.code == code; });
  if (refusal != kRefusals.end())
    return {RemoteOutcome::refused, fail(refusal->error, refusal->detail)};
  if (response.status == 404 && code == "unknown-log")
    return unavailable(status + ": it does not have the log");
  return invalid(status + ", which is no answer to the request");
}

Judged judge(Result<HttpResponse> answered, const Question& question) {
  if (!answered) {
    Judged judged = answered.error().code == Errc::malformed ? invalid(answered.error().detail)
                                                             : unavailable(answered.error().detail);
    judged.may_repeat = judged.outcome == RemoteOutcome::unavailable;
    return judged;
  }
  if (answered->status != 200) return judge_error(*answered);
  if (answered->content_type != federation::media_type(question.name + "-response"))
    return invalid("it answers with another media type");
  if (!question.is_response(answered->body, question.context))
    return invalid("it answers with what is not the response");
  return {RemoteOutcome::answered, std::move(answered->body)};
}

// --- The log ---------------------------------------------------------------------------------

class HttpLog final : public RemoteLog {
 public:
  HttpLog(RemoteLogOptions options, std::unique_ptr<SharedClient> client)
      : options_(std::move(options)),
        path_("/kt/v1/logs/" + options_.configuration.id().hex() + "/"),
        client_(std::move(client)) {}

  asio::awaitable<Result<Bytes>> ask(LogRequest request) override;
  asio::awaitable<Result<Bytes>> sign_directory(std::string payload) override;
  [[nodiscard]] RemoteLogState state() const override;
  void close() override { client_->close(); }

 private:
  // A request for as long as it is under way.
  class UnderWay {
   public:
    explicit UnderWay(HttpLog& log) : log_(log) {}
    UnderWay(const UnderWay&) = delete;
    UnderWay& operator=(const UnderWay&) = delete;
    ~UnderWay() {
      const std::lock_guard lock(log_.mutex_);
      --log_.under_way_;
    }

   private:
    HttpLog& log_;
  };

  asio::awaitable<Result<Bytes>> put(Question question);
  std::optional<Ejection::Pass> admit();
  bool may_repeat(const Question& question, const Judged& judged,
                  steady_clock::time_point deadline);
  void note(const Question& question, Ejection::Pass pass, const Judged& judged);
  void observe(RemoteOutcome outcome, steady_clock::time_point since) const {
    if (options_.observe) options_.observe(outcome, steady_clock::now() - since);
  }
  [[nodiscard]] HttpRequest http_request(const Question& question,
                                         steady_clock::time_point deadline) const;

  const RemoteLogOptions options_;
  const std::string path_;
  const std::unique_ptr<SharedClient> client_;

  mutable std::mutex mutex_;  // for what follows
  Ejection ejection_;
  RetryBudget budget_;
  std::size_t under_way_ = 0;
  std::string failure_;
  std::minstd_rand random_{std::random_device{}()};
};

// Whether one more request may go out; it is under way then.
std::optional<Ejection::Pass> HttpLog::admit() {
  const std::lock_guard lock(mutex_);
  if (under_way_ >= options_.http.connections + options_.http.waiting) return std::nullopt;
  const auto pass = ejection_.admit(steady_clock::now());
  if (!pass) return std::nullopt;
  ++under_way_;
  budget_.note_request();
  return pass;
}

bool HttpLog::may_repeat(const Question& question, const Judged& judged,
                         steady_clock::time_point deadline) {
  if (question.is_update || !judged.may_repeat || steady_clock::now() >= deadline) return false;
  const std::lock_guard lock(mutex_);
  return budget_.take();
}

void HttpLog::note(const Question& question, Ejection::Pass pass, const Judged& judged) {
  const std::lock_guard lock(mutex_);
  if (judged.outcome == RemoteOutcome::answered || judged.outcome == RemoteOutcome::refused) {
    ejection_.succeeded();
    failure_.clear();
    return;
  }
  failure_ = judged.failure;
  // A log may refuse updates for a reason that is none for reads: its auditor lags, its disk is
  // full, the token is wrong.
  const bool is_about_updates =
      question.is_update && judged.outcome == RemoteOutcome::unavailable && !judged.may_repeat;
  if (is_about_updates && !pass.is_probe) return;
  const double jitter = std::uniform_real_distribution<double>(0, 1)(random_);
  ejection_.failed(pass, steady_clock::now(), jitter, judged.retry_after);
}

HttpRequest HttpLog::http_request(const Question& question,
                                  steady_clock::time_point deadline) const {
  HttpRequest request;
  request.method = federation::HttpMethod::post;
  request.target = path_ + question.name;
  request.content_type = federation::media_type(question.name + "-request");
  request.accept = federation::media_type(question.name + "-response");
  request.bearer_token = options_.token.text();
  request.deadline = deadline;
  request.body = question.body;
  return request;
}

asio::awaitable<Result<Bytes>> HttpLog::ask(LogRequest request) {
  const auto& wire = options_.configuration.wire();
  auto question =
      std::visit([&](const auto& message) { return question_of(message, wire); }, request);
  if (!question) co_return tl::unexpected<Error>(std::move(question).error());
  co_return co_await put(*std::move(question));
}

asio::awaitable<Result<Bytes>> HttpLog::sign_directory(std::string payload) {
  Question question{"directory-signature", false, to_bytes(std::string_view(payload)),
                    WireContext::of(options_.configuration.wire()), &is_signature};
  co_return co_await put(std::move(question));
}

asio::awaitable<Result<Bytes>> HttpLog::put(Question question) {
  const auto begin = steady_clock::now();
  const auto deadline = begin + options_.http.total_timeout;
  const auto pass = admit();
  if (!pass) {
    observe(RemoteOutcome::held_back, begin);
    co_return fail(Errc::unavailable, "the log is not asked now");
  }
  const UnderWay under_way(*this);
  bool is_repeated = false;
  while (true) {
    auto answered = co_await client_->send(http_request(question, deadline));
    Judged judged = judge(std::move(answered), question);
    if (!is_repeated && may_repeat(question, judged, deadline)) {
      is_repeated = true;
      continue;
    }
    note(question, *pass, judged);
    observe(judged.outcome, begin);
    co_return std::move(judged.result);
  }
}

RemoteLogState HttpLog::state() const {
  const std::lock_guard lock(mutex_);
  return {ejection_.is_ejected(), ejection_.left(steady_clock::now()), failure_};
}

}  // namespace

std::string_view to_string(RemoteOutcome outcome) {
  switch (outcome) {
    case RemoteOutcome::answered: return "answered";
    case RemoteOutcome::refused: return "refused";
    case RemoteOutcome::unavailable: return "unavailable";
    case RemoteOutcome::invalid: return "invalid";
    case RemoteOutcome::held_back: return "held_back";
  }
  return "unknown";
}

Result<std::unique_ptr<RemoteLog>> RemoteLog::create(const asio::any_io_executor& executor,
                                                     RemoteLogOptions options) {
  KT_TRY(auto client, SharedClient::create(executor, options.url, options.http));
  return std::make_unique<HttpLog>(std::move(options), std::move(client));
}

}  // namespace kt::routing
