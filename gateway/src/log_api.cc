#include "log_api.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "auditor_messages.h"
#include "federation/directory_document.h"
#include "json_view.h"
#include "keytrans/consistency.h"
#include "log_request.h"
#include "media_type.h"
#include "problem.h"
#include "query.h"
#include "routing/await.h"

namespace kt::gateway {
namespace {

namespace asio = boost::asio;
using keytrans::DeploymentMode;
using keytrans::WireContext;

constexpr std::string_view kLogs = "/kt/v1/logs/";
constexpr std::string_view kOpenedRequest = "opened-monitor-request";

using Answer = tl::expected<Bytes, Response>;
using Refused = tl::unexpected<Response>;

Refused refuse(Problem problem, std::string_view detail = {}) {
  return Refused(problem_response(problem, detail));
}

Refused refuse(const Error& error, Problem not_found) {
  return Refused(problem_of(error, not_found));
}

using Decoded = Result<routing::LogRequest>;

template <class Message>
Decoded decode(const HostedLog& /*hosted*/, ByteView body) {
  KT_TRY(Message message, keytrans::decode<Message>(body));
  return routing::LogRequest(std::move(message));
}

template <class Message, Result<Message> (*Decode)(ByteView)>
Decoded decode_ours(const HostedLog& /*hosted*/, ByteView body) {
  KT_TRY(Message message, Decode(body));
  return routing::LogRequest(std::move(message));
}

// The service operator has signed what a manager is sent.
Decoded decode_update(const HostedLog& hosted, ByteView body) {
  const keytrans::LogConfiguration& log = hosted.configuration();
  if (log.mode() != DeploymentMode::thirdPartyManagement || hosted.is_signed_here())
    return decode<keytrans::UpdateRequest>(hosted, body);
  KT_TRY(keytrans::ManagerUpdateRequest message,
         keytrans::decode<keytrans::ManagerUpdateRequest>(body, WireContext::of(log.wire())));
  return routing::LogRequest(std::move(message));
}

Answer configuration(const HostedLog& hosted, const Request& /*request*/) {
  auto encoded = keytrans::encode(hosted.configuration().wire());
  if (!encoded) return refuse(Problem::internal);
  return *std::move(encoded);
}

// The number that stands for `name` in a query, once.
std::optional<std::uint64_t> number_in(std::string_view query, std::string_view name) {
  const auto found = find_in_query(query, name);
  if (found.size() != 1) return std::nullopt;
  const std::string_view text = found[0];
  std::uint64_t number = 0;
  const auto [rest, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || code != std::errc() || rest != text.data() + text.size()) return std::nullopt;
  return number;
}

Answer auditor_updates(const HostedLog& hosted, const Request& request) {
  const log::Log& log = *hosted.log;
  const auto start = number_in(request.head.query, "start");
  const auto limit = number_in(request.head.query, "limit");
  if (!start || !limit || *limit == 0)
    return refuse(Problem::malformed, "the query has to have start and limit, which is not 0");
  const std::uint64_t end = log.state().size.value();
  const std::uint64_t most = std::min<std::uint64_t>(*limit, kUpdatesInAnswer);
  std::vector<Bytes> updates;
  std::size_t size = 0;
  for (std::uint64_t i = *start; i < end && updates.size() < most; ++i) {
    const auto update = log.auditor_update(EntryIndex{i});
    if (!update) return refuse(update.error(), Problem::internal);
    auto encoded = keytrans::encode(*update);
    if (!encoded) return refuse(Problem::internal);
    size += size_in_answer(*encoded);
    if (size > kUpdateBytesInAnswer) break;
    updates.push_back(*std::move(encoded));
  }
  auto encoded = encode_updates(updates);
  if (!encoded) return refuse(Problem::internal);
  return *std::move(encoded);
}

Answer auditor_start(const HostedLog& hosted, const Request& /*request*/) {
  const auto start = hosted.log->auditor_start();
  if (!start) return refuse(start.error(), Problem::not_found);
  auto encoded = keytrans::encode(*start);
  if (!encoded) return refuse(Problem::internal);
  return *std::move(encoded);
}

asio::awaitable<Response> done(Response response) { co_return response; }

Response content(Bytes body, const std::string& type) {
  Response response;
  response.content_type = type;
  response.body = std::move(body);
  return response;
}

}  // namespace

// One of the names that may follow a log's in a path.
struct LogApi::Operation {
  enum class Kind : std::uint8_t { ask, update, read, auditor_read, auditor_head, sign };

  std::string_view name;
  Kind kind = Kind::read;
  std::string_view request_type;  // of a POST; a GET has none
  std::string_view response_type;
  std::string_view help;
  Decoded (*decode)(const HostedLog& hosted, ByteView body) = nullptr;  // ask, update
  // read, auditor_read
  Answer (*answer)(const HostedLog& hosted, const Request& request) = nullptr;
  Result<Bytes> (*view)(ByteView answer) = nullptr;  // of these
  std::span<const QueryParameter> query{};
  bool takes_openings = false;  // beside the request: OpenedMonitorRequest

  [[nodiscard]] Method method() const { return request_type.empty() ? Method::get : Method::post; }
  [[nodiscard]] bool is_for_auditors() const {
    return kind == Kind::auditor_read || kind == Kind::auditor_head;
  }
  [[nodiscard]] bool is_for_gateways() const { return kind == Kind::sign; }
};

struct LogApi::Call {
  std::shared_ptr<const Hosting> hosting;
  const HostedLog& hosted;  // one of it
  const Operation& operation;
  Caller caller;
};

// What goes to the log.
struct LogApi::Asked {
  routing::LogRequest request;
  std::string accept;
};

struct LogApi::Body {
  routing::LogRequest request;
  std::vector<federation::VersionOpening> openings;  // beside it
};

std::span<const LogApi::Operation> LogApi::table() {
  using Kind = Operation::Kind;
  static constexpr std::array kPage{
      QueryParameter{"start", true, true, "The first log entry to be told of"},
      QueryParameter{"limit", true, true, "How many at most"}};
  static constexpr std::array kOperations{
      Operation{"search", Kind::ask, "search-request", "search-response",
                "Searches for a label's greatest version, or for one version",
                decode<keytrans::SearchRequest>},
      Operation{"contact-monitor",
                Kind::ask,
                "contact-monitor-request",
                "contact-monitor-response",
                "Monitors what was looked up",
                decode<keytrans::ContactMonitorRequest>,
                nullptr,
                nullptr,
                {},
                true},
      Operation{"owner-init", Kind::ask, "owner-init-request", "owner-init-response",
                "Begins to own a label", decode<keytrans::OwnerInitRequest>},
      Operation{"owner-monitor",
                Kind::ask,
                "owner-monitor-request",
                "owner-monitor-response",
                "Monitors an own label",
                decode<keytrans::OwnerMonitorRequest>,
                nullptr,
                nullptr,
                {},
                true},
      Operation{"distinguished", Kind::ask, "distinguished-request", "distinguished-response",
                "Proves the distinguished log entries", decode<keytrans::DistinguishedRequest>},
      Operation{"credential", Kind::ask, "credential-request", "credential-response",
                "Proves a label's greatest version to whoever is handed the proof",
                decode_ours<federation::CredentialRequest, federation::decode_credential_request>},
      Operation{"credential-update", Kind::ask, "credential-update-request",
                "credential-update-response", "Settles a credential that was provisional",
                decode_ours<federation::CredentialUpdateRequest,
                            federation::decode_credential_update_request>},
      Operation{"update", Kind::update, "update-request", "update-response", "Updates a label",
                decode_update},
      Operation{"configuration", Kind::read, "", "configuration", "What clients need of the log",
                nullptr, configuration, view_configuration},
      Operation{"consistency", Kind::ask, "consistency-request", "consistency-response",
                "Proves which tree the log's first entries were",
                decode_ours<keytrans::ConsistencyRequest, keytrans::decode_consistency_request>},
      Operation{"auditor-start", Kind::auditor_read, "", "auditor-start",
                "What an auditor begins with that starts after the first entry", nullptr,
                auditor_start, view_auditor_start},
      Operation{"auditor-updates", Kind::auditor_read, "", "auditor-updates",
                "What an auditor is told of each log entry", nullptr, auditor_updates,
                view_auditor_updates, kPage},
      Operation{"auditor-head", Kind::auditor_head, "auditor-tree-head", "",
                "Takes the head that the auditor has signed"},
      Operation{"directory-signature", Kind::sign, "directory-signature-request",
                "directory-signature-response",
                "Signs a directory document for the gateway that has the log"},
  };
  return kOperations;
}

ApiOperation LogApi::describe(const Operation& operation) {
  using Kind = Operation::Kind;
  ApiOperation described;
  described.method = operation.method();
  described.path = std::string(kLogs) + "{log}/" + std::string(operation.name);
  described.name = operation.name;
  described.help = operation.help;
  described.query = {operation.query.begin(), operation.query.end()};
  if (described.method == Method::post) {
    described.request_types = {media_type(operation.request_type)};
    if (operation.takes_openings) described.request_types.push_back(media_type(kOpenedRequest));
    described.limit =
        operation.kind == Kind::update ? BodyLimit::update_bytes : BodyLimit::request_bytes;
  }
  if (!operation.response_type.empty())
    described.response_types = {media_type(operation.response_type), std::string(kJsonType)};
  switch (operation.kind) {
    case Kind::ask:
      described.audience = Audience::admitted;
      described.problems = {Problem::unknown_label,    Problem::unknown_version,
                            Problem::stale_view,       Problem::rejected,
                            Problem::upstream_invalid, Problem::unavailable};
      break;
    case Kind::update:
      described.audience = Audience::admitted;
      described.problems = {Problem::unknown_label,  Problem::stale_version,
                            Problem::reserved_label, Problem::reserved_value,
                            Problem::rejected,       Problem::upstream_invalid,
                            Problem::unavailable,    Problem::storage_full};
      break;
    case Kind::read:
      if (described.method == Method::post)
        described.problems = {Problem::not_found, Problem::stale_view, Problem::unavailable};
      break;
    case Kind::sign:
      described.audience = Audience::gateway;
      described.problems = {Problem::not_found, Problem::rejected, Problem::unavailable};
      break;
    case Kind::auditor_read:
    case Kind::auditor_head:
      described.audience = Audience::auditor;
      described.problems = {Problem::not_found, Problem::stale_view, Problem::rejected,
                            Problem::unavailable};
      break;
  }
  return described;
}

std::vector<ApiOperation> LogApi::operations() {
  std::vector<ApiOperation> all;
  for (const Operation& each : table()) all.push_back(describe(each));
  return all;
}

namespace {

// Whether the log that labels have left answers no more: not before users have a document that says
// so.
bool has_retired(const HostedMigration& migration, const PublishedDirectories& published) {
  if (migration.record.phase != migration::Phase::finished) return false;
  const auto document = published.find(migration.record.domain);
  if (document == published.end()) return true;
  const federation::DirectoryLog* const log =
      document->second.directory().find(migration.record.from);
  return log == nullptr || log->state == federation::LogState::retired;
}

// What a migration leaves of a log: nothing of one that has retired, and no updates but those by
// the gateway of one whose labels are moving.
std::optional<Response> refuse_moving(const Hosting& hosting, const PublishedDirectories& published,
                                      const HostedLog& hosted, bool is_update) {
  const HostedMigration* const migration = hosting.migration_of(hosted);
  if (migration == nullptr) return std::nullopt;
  const bool is_old = migration->from == &hosted;
  if (is_old && has_retired(*migration, published))
    return problem_response(Problem::retired_log, "the directory document names the new one");
  const bool is_new_and_ready = !is_old && migration->record.phase == migration::Phase::finished;
  if (!is_update || is_new_and_ready) return std::nullopt;
  return problem_response(
      Problem::rejected,
      "labels are moving from one log to another; updates are for /kt/v1/update");
}

}  // namespace

// What shows before there is a label: the refusal, if it is one.
std::optional<Response> LogApi::refuse_early(const Hosting& hosting, const Caller& caller,
                                             const HostedLog& hosted, const Operation& operation) {
  if (operation.kind == Operation::Kind::update && !may_update_anything(hosting, caller))
    return refusal_of(caller);
  if (operation.is_for_auditors() && !(caller.principal && caller.principal == hosted.auditor))
    return refusal_of(caller);
  if (operation.is_for_gateways() && !is_gateway_of(hosted, caller)) return refusal_of(caller);
  return std::nullopt;
}

tl::expected<Endpoint, Response> LogApi::find(std::shared_ptr<const Hosting> hosting,
                                              const PublishedDirectories& published,
                                              const Caller& caller, const RequestHead& head) {
  const std::string_view path = head.path;
  if (!path.starts_with(kLogs)) return refuse(Problem::not_found);
  const std::string_view rest = path.substr(kLogs.size());
  const std::size_t slash = rest.find('/');
  if (slash == std::string_view::npos) return refuse(Problem::not_found);
  const HostedLog* const named = hosting->find_log(rest.substr(0, slash));
  if (named == nullptr) return refuse(Problem::unknown_log);
  const HostedLog& hosted = *named;
  const auto operations = table();
  const auto each = std::find_if(
      operations.begin(), operations.end(),
      [&](const Operation& operation) { return operation.name == rest.substr(slash + 1); });
  const Operation* const found = each == operations.end() ? nullptr : &*each;
  // An auditor asks the gateway that has the log.
  const bool audited =
      !hosted.is_remote() && hosted.configuration().mode() == DeploymentMode::thirdPartyAuditing;
  if (found == nullptr || (found->is_for_auditors() && !audited) ||
      (found->is_for_gateways() && !hosted.gateway))
    return refuse(Problem::not_found);
  if (head.method != found->method()) return Refused(method_not_allowed(found->method()));
  if (auto refused = refuse_early(*hosting, caller, hosted, *found))
    return Refused(*std::move(refused));
  if (auto refused =
          refuse_moving(*hosting, published, hosted, found->kind == Operation::Kind::update))
    return Refused(*std::move(refused));
  if (!found->response_type.empty() &&
      !accepts_answer(head.accept, media_type(found->response_type)))
    return refuse(Problem::not_acceptable);
  Endpoint endpoint;
  endpoint.name = found->name;
  if (found->method() == Method::post) {
    endpoint.content_type = media_type(found->request_type);
    endpoint.body_limit =
        found->kind == Operation::Kind::update ? hosting->update_limit() : hosting->request_limit();
    if (found->takes_openings && head.content_type == media_type(kOpenedRequest))
      endpoint.content_type = head.content_type;
    if (head.content_type != endpoint.content_type)
      return refuse(Problem::unsupported_media_type, "it has to be " + endpoint.content_type);
  }
  auto call = std::make_shared<const Call>(Call{std::move(hosting), hosted, *found, caller});
  endpoint.handle = [this, call = std::move(call)](Request request) {
    return handle(call, std::move(request));
  };
  return endpoint;
}

asio::awaitable<Response> LogApi::handle(std::shared_ptr<const Call> call, Request request) {
  switch (call->operation.kind) {
    case Operation::Kind::ask:
    case Operation::Kind::update: return ask(std::move(call), std::move(request));
    case Operation::Kind::auditor_head: return auditor_head(std::move(call), std::move(request));
    case Operation::Kind::sign: return sign(std::move(call), std::move(request));
    case Operation::Kind::read:
    case Operation::Kind::auditor_read: break;
  }
  return answer(std::move(call), std::move(request));
}

asio::awaitable<Response> LogApi::answer(std::shared_ptr<const Call> call, Request request) {
  auto answered = call->operation.answer(call->hosted, request);
  if (!answered) co_return std::move(answered).error();
  const std::string type = media_type(call->operation.response_type);
  if (wants_view(request.head.accept, type))
    co_return view_response(call->operation.view(*answered));
  co_return content(*std::move(answered), type);
}

// The draft's request, alone or with openings beside it.
Result<LogApi::Body> LogApi::read_body(const Call& call, const Request& request) {
  if (request.head.content_type != media_type(kOpenedRequest)) {
    KT_TRY(auto plain, call.operation.decode(call.hosted, request.body));
    return Body{std::move(plain), {}};
  }
  KT_TRY(auto opened, federation::decode<federation::OpenedMonitorRequest>(request.body));
  KT_TRY(auto plain, call.operation.decode(call.hosted, opened.request));
  return Body{std::move(plain), std::move(opened.openings)};
}

asio::awaitable<Response> LogApi::ask(std::shared_ptr<const Call> call, Request request) {
  auto body = read_body(*call, request);
  if (!body) return done(problem_response(Problem::malformed, body.error().detail));
  Admission admission = admit(*call->hosting, call->caller, call->hosted, body->request);
  Asked asked{std::move(body->request), std::move(request.head.accept)};
  if (admission.is_open()) {
    auto wanted = openings_to_show(asked.request);
    return ask_if_allowed(
        std::move(call), std::move(asked),
        OpenAdmission{std::move(admission), std::move(wanted), std::move(body->openings)});
  }
  return ask_log(std::move(call), std::move(asked));
}

asio::awaitable<Response> LogApi::ask_if_allowed(std::shared_ptr<const Call> call, Asked asked,
                                                 OpenAdmission open) {
  auto settled = settle(call->hosting, call->hosted, call->caller, std::move(open));
  auto refused = co_await std::move(settled);
  if (refused) co_return *std::move(refused);
  co_return co_await ask_log(std::move(call), std::move(asked));
}

asio::awaitable<Response> LogApi::ask_log(std::shared_ptr<const Call> call, Asked asked) {
  const HostedLog& hosted = call->hosted;
  // What belongs to the gateways is for the one that has the log.
  const auto reserved = find_reserved(asked.request);
  if (reserved && !is_gateway_of(hosted, call->caller)) co_return problem_response(*reserved);
  const ErrorMeaning meaning = meaning_of(asked.request, hosted);
  const AnswerKind kind = answer_kind(asked.request);
  if (const auto* const migration = call->hosting->migration_of(hosted))
    migration->note(hosted, asked.request);
  auto answered = co_await hosted.service->ask(std::move(asked.request));
  if (!answered) co_return meaning.problem(answered.error());
  const std::string type = media_type(call->operation.response_type);
  if (wants_view(asked.accept, type))
    co_return view_response(view_answer(hosted.configuration(), kind, *answered));
  co_return content(*std::move(answered), type);
}

// The log signs what names its gateway's domain, whether it is in that document or was in the one
// before: what else a document has to be its reader finds out.
Result<Bytes> LogApi::sign_directory(const HostedLog& hosted, ByteView body) {
  const std::string_view payload(reinterpret_cast<const char*>(body.data()), body.size());
  KT_TRY(const auto directory, federation::DirectoryDocument::read_payload(payload));
  if (directory.domain != hosted.gateway->domain)
    return fail(Errc::rejected, "the log signs for another domain");
  KT_TRY(const auto key, log::load_signature_key(hosted.directory, hosted.configuration()));
  return federation::DirectoryDocument::sign_payload(payload, {hosted.configuration().id(), &key});
}

asio::awaitable<Response> LogApi::sign(std::shared_ptr<const Call> call, Request request) {
  std::function<Result<Bytes>()> work = [&hosted = call->hosted, body = std::move(request.body)] {
    return sign_directory(hosted, body);
  };
  auto signature = co_await routing::await_on<Result<Bytes>>(blocking_, std::move(work));
  if (!signature) co_return problem_of(signature.error(), Problem::internal);
  const std::string type = media_type(call->operation.response_type);
  if (wants_view(request.head.accept, type))
    co_return view_response(view_directory_signature(*signature));
  co_return content(*std::move(signature), type);
}

asio::awaitable<Response> LogApi::auditor_head(std::shared_ptr<const Call> call, Request request) {
  auto head = keytrans::decode<keytrans::AuditorTreeHead>(request.body);
  if (!head) co_return problem_response(Problem::malformed, head.error().detail);
  std::function<Result<void>()> accept = [log = call->hosted.log, head = *std::move(head)] {
    return log->accept_auditor_head(head);
  };
  const Result<void> accepted =
      co_await routing::await_on<Result<void>>(blocking_, std::move(accept));
  if (!accepted) co_return problem_of(accepted.error(), Problem::internal);
  Response response;
  response.status = 204;
  co_return response;
}

}  // namespace kt::gateway
