#include "log_api.h"

#include <array>
#include <charconv>

#include "auditor_messages.h"
#include "await.h"
#include "federation/reserved.h"
#include "keytrans/prover.h"
#include "media_type.h"
#include "problem.h"

namespace kt::gateway {
namespace {

namespace asio = boost::asio;
using keytrans::DeploymentMode;
using keytrans::WireContext;

constexpr std::string_view kLogs = "/kt/v1/logs/";

using Answer = tl::expected<Bytes, Response>;
using Refused = tl::unexpected<Response>;

Refused refuse(Problem problem, std::string_view detail = {}) {
  return Refused(problem_response(problem, detail));
}

Refused refuse(const Error& error, Problem not_found) {
  return Refused(problem_of(error, not_found));
}

WireContext context_of(const log::Log& log, bool version_requested = false) {
  return WireContext::of(log.configuration().wire(), version_requested);
}

// Decodes a request, proves the answer in a view of the log, and encodes it.
template <class Message, class Prove>
Answer prove(const log::Log& log, ByteView body, Prove prove_answer) {
  const auto request = keytrans::decode<Message>(body);
  if (!request) return refuse(request.error(), Problem::malformed);
  const auto view = log.view();
  if (!view) return refuse(view.error(), Problem::unknown_label);
  Problem not_found = Problem::unknown_label;
  bool version_requested = false;
  if constexpr (std::is_same_v<Message, keytrans::SearchRequest>) {
    version_requested = request->version.has_value();
    if (version_requested) not_found = Problem::unknown_version;
  }
  const auto response = prove_answer(**view, *request);
  if (!response) return refuse(response.error(), not_found);
  auto encoded = keytrans::encode(*response, context_of(log, version_requested));
  if (!encoded) return refuse(Problem::internal);
  return *std::move(encoded);
}

Answer search(const log::Log& log, const Request& request) {
  return prove<keytrans::SearchRequest>(log, request.body, keytrans::prove_search);
}

Answer contact_monitor(const log::Log& log, const Request& request) {
  return prove<keytrans::ContactMonitorRequest>(log, request.body, keytrans::prove_contact_monitor);
}

Answer owner_init(const log::Log& log, const Request& request) {
  return prove<keytrans::OwnerInitRequest>(log, request.body, keytrans::prove_owner_init);
}

Answer owner_monitor(const log::Log& log, const Request& request) {
  return prove<keytrans::OwnerMonitorRequest>(
      log, request.body,
      [](const keytrans::LogSource& view, const keytrans::OwnerMonitorRequest& owner) {
        return keytrans::prove_owner_monitor(view, owner);
      });
}

Answer distinguished(const log::Log& log, const Request& request) {
  return prove<keytrans::DistinguishedRequest>(
      log, request.body,
      [](const keytrans::LogSource& view, const keytrans::DistinguishedRequest& walk) {
        return keytrans::prove_distinguished(view, walk, keytrans::RecentPolicy{});
      });
}

Answer configuration(const log::Log& log, const Request& /*request*/) {
  auto encoded = keytrans::encode(log.configuration().wire());
  if (!encoded) return refuse(Problem::internal);
  return *std::move(encoded);
}

// The number of `name` in a query of numbers: "start=5&limit=10". Nothing but what `name` is asked
// for may stand there twice.
std::optional<std::uint64_t> number_in(std::string_view query, std::string_view name) {
  std::optional<std::uint64_t> found;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (!pair.starts_with(name) || pair.size() <= name.size() || pair[name.size()] != '=') continue;
    const std::string_view text = pair.substr(name.size() + 1);
    std::uint64_t number = 0;
    const auto [rest, code] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (found || text.empty() || code != std::errc() || rest != text.data() + text.size())
      return std::nullopt;
    found = number;
  }
  return found;
}

Answer auditor_updates(const log::Log& log, const Request& request) {
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

Answer auditor_start(const log::Log& log, const Request& /*request*/) {
  const auto start = log.auditor_start();
  if (!start) return refuse(start.error(), Problem::not_found);
  auto encoded = keytrans::encode(*start);
  if (!encoded) return refuse(Problem::internal);
  return *std::move(encoded);
}

Response content(Bytes body, const std::string& type) {
  Response response;
  response.content_type = type;
  response.body = std::move(body);
  return response;
}

}  // namespace

// One of the names that may follow a log's in a path.
struct LogApi::Operation {
  enum class Kind : std::uint8_t { read, update, auditor_read, auditor_head };

  std::string_view name;
  Kind kind = Kind::read;
  std::string_view request_type;  // of a POST; a GET has none
  std::string_view response_type;
  Answer (*answer)(const log::Log& log, const Request& request) = nullptr;

  [[nodiscard]] Method method() const { return request_type.empty() ? Method::get : Method::post; }
  [[nodiscard]] bool is_for_auditors() const {
    return kind == Kind::auditor_read || kind == Kind::auditor_head;
  }
};

const LogApi::Operation* LogApi::operation(std::string_view name) {
  using Kind = Operation::Kind;
  static constexpr std::array kOperations{
      Operation{"configuration", Kind::read, "", "configuration", configuration},
      Operation{"search", Kind::read, "search-request", "search-response", search},
      Operation{"contact-monitor", Kind::read, "contact-monitor-request",
                "contact-monitor-response", contact_monitor},
      Operation{"owner-init", Kind::read, "owner-init-request", "owner-init-response", owner_init},
      Operation{"owner-monitor", Kind::read, "owner-monitor-request", "owner-monitor-response",
                owner_monitor},
      Operation{"distinguished", Kind::read, "distinguished-request", "distinguished-response",
                distinguished},
      Operation{"update", Kind::update, "update-request", "update-response", nullptr},
      Operation{"auditor-start", Kind::auditor_read, "", "auditor-start", auditor_start},
      Operation{"auditor-updates", Kind::auditor_read, "", "auditor-updates", auditor_updates},
      Operation{"auditor-head", Kind::auditor_head, "auditor-tree-head", "", nullptr},
  };
  for (const Operation& each : kOperations) {
    if (each.name == name) return &each;
  }
  return nullptr;
}

// Who asks has to be the one principal that an operation is for. Result: the refusal, if it is one.
std::optional<Response> LogApi::admit(const Principals& principals, const HostedLog& hosted,
                                      const Operation& operation, const RequestHead& head) {
  if (operation.kind == Operation::Kind::read) return std::nullopt;
  const auto& wanted = operation.is_for_auditors() ? hosted.auditor : hosted.writer;
  if (!head.bearer_token) return problem_response(Problem::unauthenticated);
  const auto caller = principals.find(*head.bearer_token);
  if (!caller) return problem_response(Problem::unauthenticated, "the token is not known");
  if (!wanted || *caller != *wanted) return problem_response(Problem::forbidden);
  return std::nullopt;
}

tl::expected<Endpoint, Response> LogApi::find(const RequestHead& head) {
  const std::string_view path = head.path;
  if (!path.starts_with(kLogs)) return refuse(Problem::not_found);
  const std::string_view rest = path.substr(kLogs.size());
  const std::size_t slash = rest.find('/');
  if (slash == std::string_view::npos) return refuse(Problem::not_found);
  const auto hosting = hosting_.snapshot();
  const HostedLog* const named = hosting->find_log(rest.substr(0, slash));
  if (named == nullptr) return refuse(Problem::unknown_log);
  const HostedLog& hosted = *named;
  const Operation* const found = operation(rest.substr(slash + 1));
  const bool audited = hosted.log->configuration().mode() == DeploymentMode::thirdPartyAuditing;
  if (found == nullptr || (found->is_for_auditors() && !audited)) return refuse(Problem::not_found);
  if (head.method != found->method()) return Refused(method_not_allowed(found->method()));
  if (auto refused = admit(hosting->principals(), hosted, *found, head))
    return Refused(*std::move(refused));
  if (!found->response_type.empty() && !accepts(head.accept, media_type(found->response_type)))
    return refuse(Problem::not_acceptable);
  Endpoint endpoint;
  endpoint.name = found->name;
  if (found->method() == Method::post) {
    endpoint.content_type = media_type(found->request_type);
    endpoint.body_limit =
        found->kind == Operation::Kind::update ? hosting->update_limit() : hosting->request_limit();
    if (head.content_type != endpoint.content_type)
      return refuse(Problem::unsupported_media_type, "it has to be " + endpoint.content_type);
  }
  endpoint.handle = [this, hosting, named, found](Request request) {
    return handle(*named, *found, std::move(request));
  };
  return endpoint;
}

asio::awaitable<Response> LogApi::handle(const HostedLog& hosted, const Operation& operation,
                                         Request request) {
  switch (operation.kind) {
    case Operation::Kind::update: return update(hosted, request);
    case Operation::Kind::auditor_head: return auditor_head(hosted, std::move(request));
    case Operation::Kind::read:
    case Operation::Kind::auditor_read: break;
  }
  return read(hosted, operation, std::move(request));
}

asio::awaitable<Response> LogApi::read(const HostedLog& hosted, const Operation& operation,
                                       Request request) {
  auto answer = operation.answer(*hosted.log, request);
  if (!answer) co_return std::move(answer).error();
  co_return content(*std::move(answer), media_type(operation.response_type));
}

asio::awaitable<Response> LogApi::update(const HostedLog& hosted, const Request& request) {
  log::Log& log = *hosted.log;
  if (log.configuration().mode() == DeploymentMode::thirdPartyManagement) {
    auto managed = keytrans::decode<keytrans::ManagerUpdateRequest>(request.body, context_of(log));
    return submit(log, std::move(managed));
  }
  auto plain = keytrans::decode<keytrans::UpdateRequest>(request.body);
  return submit(log, std::move(plain));
}

template <class Message>
asio::awaitable<Response> LogApi::submit(log::Log& log, Result<Message> decoded) {
  if (!decoded) co_return problem_response(Problem::malformed, decoded.error().detail);
  if (federation::is_reserved(decoded->label)) co_return problem_response(Problem::reserved_label);
  for (const auto& value : decoded->values) {
    if (federation::is_like_a_tombstone(value.value))
      co_return problem_response(Problem::reserved_value);
  }
  using Answered = Result<keytrans::UpdateResponse>;
  auto start = [&log, message = *std::move(decoded)](auto done) mutable {
    // When it is refused at once, nobody else calls.
    auto refused = log.submit(std::move(message), done);
    if (!refused) done(tl::unexpected<Error>(std::move(refused).error()));
  };
  const Answered answered = co_await await_callback<Answered>(std::move(start));
  if (!answered)
    co_return problem_of(answered.error(), Problem::unknown_label, Problem::stale_version);
  auto encoded = keytrans::encode(*answered, context_of(log));
  if (!encoded) co_return problem_response(Problem::internal);
  co_return content(*std::move(encoded), media_type("update-response"));
}

asio::awaitable<Response> LogApi::auditor_head(const HostedLog& hosted, Request request) {
  auto head = keytrans::decode<keytrans::AuditorTreeHead>(request.body);
  if (!head) co_return problem_response(Problem::malformed, head.error().detail);
  std::function<Result<void>()> accept = [log = hosted.log, head = *std::move(head)] {
    return log->accept_auditor_head(head);
  };
  const Result<void> accepted = co_await await_on<Result<void>>(blocking_, std::move(accept));
  if (!accepted) co_return problem_of(accepted.error(), Problem::internal);
  Response response;
  response.status = 204;
  co_return response;
}

}  // namespace kt::gateway
