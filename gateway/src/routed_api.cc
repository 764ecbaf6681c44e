#include "routed_api.h"

#include <array>

#include "access.h"
#include "federation/reserved.h"
#include "federation/routed_messages.h"
#include "json_view.h"
#include "log_request.h"
#include "media_type.h"
#include "problem.h"

namespace kt::gateway {
namespace {

namespace asio = boost::asio;

using Refused = tl::unexpected<Response>;

// A domain without a directory document: docs/http-api.md, "Routed structures".
constexpr std::uint64_t kNoEpoch = 0;

// What one log of a route is asked.
struct Question {
  const HostedLog* log;
  routing::LogRequest request;
  std::vector<federation::VersionOpening> openings{};  // that were shown with it
};

// What a request comes to.
struct Asked {
  federation::Domain domain;
  std::vector<Question> questions{};
};
using Questions = tl::expected<Asked, Response>;

Refused refuse(Problem problem, std::string_view detail = {}) {
  return Refused(problem_response(problem, detail));
}

struct Route {
  federation::Domain domain;
  std::vector<const HostedLog*> logs{};  // in the order in which they are asked
};

// Who is asked about `label`.
tl::expected<Route, Response> find_route(const Hosting& hosting, routing::Operation operation,
                                         const Label& label) {
  if (federation::is_reserved(label))
    return refuse(Problem::reserved_label, "each log has its own, and is asked for it by name");
  const auto resolved = hosting.table().resolve(label);
  if (!resolved)
    return refuse(
        resolved.error().code == Errc::not_found ? Problem::no_log : Problem::invalid_identity,
        resolved.error().detail);
  if (resolved->label != label)
    return refuse(Problem::invalid_identity, "the label is not the identity's canonical one");
  const auto route = hosting.table().route(operation, resolved->domain, label);
  if (!route) return Refused(problem_of(route.error(), Problem::no_log));
  Route found{resolved->domain};
  for (const routing::RoutedLog& each : *route) found.logs.push_back(&hosting.log(each.log));
  return found;
}

const LogId& id_of(const HostedLog& hosted) { return hosted.configuration().id(); }

Questions lookup(const Hosting& hosting, ByteView body) {
  const auto request = federation::decode<federation::LookupRequest>(body);
  if (!request) return refuse(Problem::malformed, request.error().detail);
  const auto route = find_route(hosting, routing::Operation::search, request->label);
  if (!route) return Refused(route.error());
  Asked asked{route->domain};
  for (const HostedLog* const log : route->logs)
    asked.questions.push_back({log, search_request(*request, id_of(*log))});
  return asked;
}

Questions update(const Hosting& hosting, ByteView body) {
  const auto request = federation::decode<federation::RoutedUpdateRequest>(body);
  if (!request) return refuse(Problem::malformed, request.error().detail);
  const auto route = find_route(hosting, routing::Operation::update, request->label);
  if (!route) return Refused(route.error());
  Asked asked{route->domain};
  for (const HostedLog* const log : route->logs)
    asked.questions.push_back({log, update_request(*request, id_of(*log))});
  return asked;
}

Questions monitor(const Hosting& hosting, ByteView body) {
  const auto request = federation::decode<federation::RoutedMonitorRequest>(body);
  if (!request) return refuse(Problem::malformed, request.error().detail);
  const auto route = find_route(hosting, routing::Operation::monitor, request->label);
  if (!route) return Refused(route.error());
  Asked asked{route->domain};
  for (const HostedLog* const log : route->logs) {
    auto question = monitor_request(*request, id_of(*log));
    if (!question) continue;
    asked.questions.push_back(
        {log, std::visit([](auto& each) -> routing::LogRequest { return each; }, *question),
         shown_openings(*request, id_of(*log))});
  }
  if (asked.questions.empty())
    return refuse(Problem::malformed, "RoutedMonitorRequest.views has none of the label's logs");
  return asked;
}

// Asks the one log that searches for the label begin with.
template <class Request>
Questions ask_one(const Hosting& hosting, const Result<Request>& request) {
  if (!request) return refuse(Problem::malformed, request.error().detail);
  const auto route = find_route(hosting, routing::Operation::search, request->label);
  if (!route) return Refused(route.error());
  Asked asked{route->domain};
  asked.questions.push_back({route->logs.front(), *request});
  return asked;
}

Questions credential(const Hosting& hosting, ByteView body) {
  return ask_one(hosting, federation::decode_credential_request(body));
}

Questions credential_update(const Hosting& hosting, ByteView body) {
  return ask_one(hosting, federation::decode_credential_update_request(body));
}

}  // namespace

struct RoutedOperation {
  std::string_view path;
  std::string_view name;
  std::string_view request_type;
  std::string_view response_type;
  bool is_update;
  std::string_view help;
  Questions (*read)(const Hosting& hosting, ByteView body);
  bool is_bare = false;  // it is answered with what the one log says, and nothing around it
};

namespace {

Response response_of(const RoutedOperation& operation, std::string_view accept,
                     federation::RoutedResponse routed, const std::vector<RoutedAnswer>& answers) {
  const std::string type = media_type(operation.response_type);
  const bool is_view = wants_view(accept, type);
  Response response;
  response.content_type = type;
  if (operation.is_bare) {
    Bytes& answer = routed.answers.front().response;
    if (is_view)
      return view_response(view_answer(*answers.front().log, answers.front().kind, answer));
    response.body = std::move(answer);
    return response;
  }
  if (is_view) return view_response(view_routed(routed, answers));
  auto encoded = federation::encode(routed);
  if (!encoded) return problem_response(Problem::internal);
  response.body = *std::move(encoded);
  return response;
}

asio::awaitable<Response> handle(std::shared_ptr<const Hosting> hosting,
                                 std::shared_ptr<const PublishedDirectories> published,
                                 const RoutedOperation& operation, Caller caller, Request request) {
  Questions asked = operation.read(*hosting, request.body);
  if (!asked) co_return std::move(asked).error();
  for (Question& question : asked->questions) {
    Admission admission = admit(*hosting, caller, *question.log, question.request);
    if (admission.is_open()) {
      OpenAdmission open{std::move(admission), openings_to_show(question.request),
                         std::move(question.openings)};
      auto refused = co_await settle(hosting, *question.log, caller, std::move(open));
      if (refused) co_return *std::move(refused);
    }
    if (const auto reserved = find_reserved(question.request))
      co_return problem_response(*reserved);
  }
  const auto document = published->find(asked->domain);
  federation::RoutedResponse routed{kNoEpoch, {}};
  std::vector<RoutedAnswer> answers;
  if (document != published->end()) routed.epoch = document->second.directory().epoch.value();
  for (Question& question : asked->questions) {
    const ErrorMeaning meaning = meaning_of(question.request, *question.log);
    answers.push_back({&question.log->configuration(), answer_kind(question.request)});
    auto answered = co_await question.log->service->ask(std::move(question.request));
    if (!answered) co_return meaning.problem(answered.error());
    routed.answers.push_back({id_of(*question.log).hash(), *std::move(answered)});
  }
  co_return response_of(operation, request.head.accept, std::move(routed), answers);
}

constexpr std::array kOperations{
    RoutedOperation{"/kt/v1/lookup", "lookup", "lookup-request", "lookup-response", false,
                    "Looks a label up in the logs that have it", lookup},
    RoutedOperation{"/kt/v1/update", "routed-update", "routed-update-request",
                    "routed-update-response", true, "Updates a label in the log that has it",
                    update},
    RoutedOperation{
        "/kt/v1/monitor", "routed-monitor", "routed-monitor-request", "routed-monitor-response",
        false, "Monitors a label, as its owner or as a contact, in the logs that have it", monitor},
    RoutedOperation{"/kt/v1/credential", "routed-credential", "credential-request",
                    "credential-response", false,
                    "Proves a label's greatest version to whoever is handed the proof", credential,
                    true},
    RoutedOperation{"/kt/v1/credential-update", "routed-credential-update",
                    "credential-update-request", "credential-update-response", false,
                    "Settles a credential that was provisional", credential_update, true},
};

}  // namespace

const RoutedOperation* find_routed_operation(std::string_view path) {
  for (const RoutedOperation& each : kOperations) {
    if (each.path == path) return &each;
  }
  return nullptr;
}

std::vector<ApiOperation> routed_operations() {
  std::vector<ApiOperation> all;
  for (const RoutedOperation& each : kOperations) {
    ApiOperation operation;
    operation.method = Method::post;
    operation.path = each.path;
    operation.name = each.name;
    operation.help = each.help;
    operation.request_types = {media_type(each.request_type)};
    operation.response_types = {media_type(each.response_type), std::string(kJsonType)};
    operation.audience = Audience::admitted;
    operation.problems = {Problem::no_log,        Problem::invalid_identity,
                          Problem::unknown_label, Problem::reserved_label,
                          Problem::rejected,      Problem::upstream_invalid,
                          Problem::unavailable};
    if (each.is_update) {
      operation.limit = BodyLimit::update_bytes;
      operation.problems.push_back(Problem::reserved_value);
      operation.problems.push_back(Problem::stale_version);
      operation.problems.push_back(Problem::storage_full);
    } else {
      operation.limit = BodyLimit::request_bytes;
      operation.problems.push_back(Problem::stale_view);
    }
    all.push_back(std::move(operation));
  }
  return all;
}

tl::expected<Endpoint, Response> routed_endpoint(
    std::shared_ptr<const Hosting> hosting, std::shared_ptr<const PublishedDirectories> published,
    const RoutedOperation& operation, const Caller& caller, const RequestHead& head) {
  if (head.method != Method::post) return Refused(method_not_allowed(Method::post));
  // Who may shows when the label is there; that this one may not, shows before.
  if (operation.is_update && !may_update_anything(*hosting, caller))
    return Refused(refusal_of(caller));
  if (!accepts_answer(head.accept, media_type(operation.response_type)))
    return refuse(Problem::not_acceptable);
  Endpoint endpoint;
  endpoint.name = operation.name;
  endpoint.content_type = media_type(operation.request_type);
  endpoint.body_limit = operation.is_update ? hosting->update_limit() : hosting->request_limit();
  if (head.content_type != endpoint.content_type)
    return refuse(Problem::unsupported_media_type, "it has to be " + endpoint.content_type);
  endpoint.handle = [hosting = std::move(hosting), published = std::move(published), &operation,
                     caller](Request request) {
    return handle(hosting, published, operation, caller, std::move(request));
  };
  return endpoint;
}

}  // namespace kt::gateway
