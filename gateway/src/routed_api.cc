#include "routed_api.h"

#include <array>

#include "access.h"
#include "federation/reserved.h"
#include "federation/routed_messages.h"
#include "json_view.h"
#include "log_request.h"
#include "media_type.h"
#include "migration/mover.h"
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
  routing::Role role;
  routing::LogRequest request;
  std::vector<federation::VersionOpening> openings{};  // that were shown with it
};

// What a request comes to.
struct Asked {
  federation::Domain domain;
  std::uint64_t epoch;  // of the document that the route is of
  std::vector<Question> questions{};
  const HostedMigration* migration = nullptr;  // while the domain's labels are moving
  bool moves_label = false;                    // an update, of which the old log is told
};
using Questions = tl::expected<Asked, Response>;

Refused refuse(Problem problem, std::string_view detail = {}) {
  return Refused(problem_response(problem, detail));
}

// What is in force when a request comes.
struct InForce {
  const Hosting& hosting;
  const PublishedDirectories& published;
};

struct Route {
  Asked asked;
  std::vector<std::pair<const HostedLog*, routing::Role>> logs{};  // in the order of the route
};

// Where labels are moving, the document that users go by says where each is.
tl::expected<routing::Route, Response> route_of_move(
    const HostedMigration& migration, routing::Operation operation, const Label& label,
    const federation::DirectoryDocument* document) {
  const auto stage = document == nullptr ? std::nullopt : migration.stage(*document);
  if (!stage) return refuse(Problem::unavailable, "the directory document is not published yet");
  if (operation == routing::Operation::update && migration.is_frozen(*stage))
    return refuse(Problem::migration_frozen, "ask again when the labels are copied");
  return migration.policies.at(*stage)->route(operation, label);
}

// Who is asked about `label`.
tl::expected<Route, Response> find_route(const InForce& in_force, routing::Operation operation,
                                         const Label& label) {
  const Hosting& hosting = in_force.hosting;
  if (federation::is_reserved(label))
    return refuse(Problem::reserved_label, "each log has its own, and is asked for it by name");
  const auto resolved = hosting.table().resolve(label);
  if (!resolved)
    return refuse(
        resolved.error().code == Errc::not_found ? Problem::no_log : Problem::invalid_identity,
        resolved.error().detail);
  if (resolved->label != label)
    return refuse(Problem::invalid_identity, "the label is not the identity's canonical one");
  const auto entry = in_force.published.find(resolved->domain);
  const auto* const document = entry == in_force.published.end() ? nullptr : &entry->second;
  Route found{{resolved->domain,
               document == nullptr ? kNoEpoch : document->directory().epoch.value(),
               {},
               hosting.migration(resolved->domain)}};
  routing::Route route;
  if (found.asked.migration != nullptr) {
    auto moved = route_of_move(*found.asked.migration, operation, label, document);
    if (!moved) return Refused(std::move(moved).error());
    route = *std::move(moved);
  } else {
    auto routed = hosting.table().route(operation, resolved->domain, label);
    if (!routed) return Refused(problem_of(routed.error(), Problem::no_log));
    route = *std::move(routed);
  }
  for (const routing::RoutedLog& each : route)
    found.logs.emplace_back(&hosting.log(each.log), each.role);
  return found;
}

const LogId& id_of(const HostedLog& hosted) { return hosted.configuration().id(); }

Questions lookup(const InForce& in_force, ByteView body) {
  const auto request = federation::decode<federation::LookupRequest>(body);
  if (!request) return refuse(Problem::malformed, request.error().detail);
  auto route = find_route(in_force, routing::Operation::search, request->label);
  if (!route) return Refused(std::move(route).error());
  Asked asked = std::move(route->asked);
  for (const auto& [log, role] : route->logs)
    asked.questions.push_back({log, role, search_request(*request, id_of(*log))});
  return asked;
}

Questions update(const InForce& in_force, ByteView body) {
  const auto request = federation::decode<federation::RoutedUpdateRequest>(body);
  if (!request) return refuse(Problem::malformed, request.error().detail);
  auto route = find_route(in_force, routing::Operation::update, request->label);
  if (!route) return Refused(std::move(route).error());
  Asked asked = std::move(route->asked);
  for (const auto& [log, role] : route->logs) {
    auto question = update_request(*request, id_of(*log));
    if (role == routing::Role::predecessor) {
      // Its owner is told of the versions that it has, which end with the tombstone.
      asked.moves_label = true;
      if (!question.greatest_version) continue;
      question.values.clear();
    }
    asked.questions.push_back({log, role, std::move(question)});
  }
  return asked;
}

Questions monitor(const InForce& in_force, ByteView body) {
  const auto request = federation::decode<federation::RoutedMonitorRequest>(body);
  if (!request) return refuse(Problem::malformed, request.error().detail);
  auto route = find_route(in_force, routing::Operation::monitor, request->label);
  if (!route) return Refused(std::move(route).error());
  Asked asked = std::move(route->asked);
  for (const auto& [log, role] : route->logs) {
    auto question = monitor_request(*request, id_of(*log));
    if (!question) continue;
    asked.questions.push_back(
        {log, role, std::visit([](auto& each) -> routing::LogRequest { return each; }, *question),
         shown_openings(*request, id_of(*log))});
  }
  if (asked.questions.empty())
    return refuse(Problem::malformed, "RoutedMonitorRequest.views has none of the label's logs");
  return asked;
}

// Asks the one log that searches for the label begin with.
template <class Request>
Questions ask_one(const InForce& in_force, const Result<Request>& request) {
  if (!request) return refuse(Problem::malformed, request.error().detail);
  auto route = find_route(in_force, routing::Operation::search, request->label);
  if (!route) return Refused(std::move(route).error());
  // Of a label that may have moved one log cannot prove what its value is.
  if (route->logs.size() > 1) return refuse(Problem::unavailable, "the domain's labels are moving");
  Asked asked = std::move(route->asked);
  const auto& [log, role] = route->logs.front();
  asked.questions.push_back({log, role, *request});
  return asked;
}

Questions credential(const InForce& in_force, ByteView body) {
  return ask_one(in_force, federation::decode_credential_request(body));
}

Questions credential_update(const InForce& in_force, ByteView body) {
  return ask_one(in_force, federation::decode_credential_update_request(body));
}

}  // namespace

struct RoutedOperation {
  std::string_view path;
  std::string_view name;
  std::string_view request_type;
  std::string_view response_type;
  bool is_update;
  std::string_view help;
  Questions (*read)(const InForce& in_force, ByteView body);
  bool is_bare = false;  // it is answered with what the one log says, and nothing around it
};

namespace {

// The answers to a request, as far as they are there.
struct Answers {
  federation::RoutedResponse routed;
  std::vector<RoutedAnswer> to_view;

  void add(const Question& question, AnswerKind kind, Bytes answer) {
    to_view.push_back({&question.log->configuration(), kind});
    routed.answers.push_back({id_of(*question.log).hash(), std::move(answer)});
  }
};

Response response_of(const RoutedOperation& operation, std::string_view accept, Answers answers) {
  const std::string type = media_type(operation.response_type);
  const bool is_view = wants_view(accept, type);
  Response response;
  response.content_type = type;
  if (operation.is_bare) {
    Bytes& answer = answers.routed.answers.front().response;
    const RoutedAnswer& only = answers.to_view.front();
    if (is_view) return view_response(view_answer(*only.log, only.kind, answer));
    response.body = std::move(answer);
    return response;
  }
  if (is_view) return view_response(view_routed(answers.routed, answers.to_view));
  auto encoded = federation::encode(answers.routed);
  if (!encoded) return problem_response(Problem::internal);
  response.body = *std::move(encoded);
  return response;
}

// Adds a value to the log that labels move to. It is answered when the label has moved.
asio::awaitable<Result<Bytes>> move_and_update(const Asked& asked, const Question& question) {
  const HostedMigration& migration = *asked.migration;
  const auto& request = std::get<keytrans::UpdateRequest>(question.request);
  migration::Mover::Insert insert = [&question, &request]() -> asio::awaitable<Result<Bytes>> {
    routing::LogRequest copy(request);
    return question.log->service->ask(std::move(copy));
  };
  migration::Mover mover(*migration.from_labels, *migration.to_labels, migration.record.to,
                         asked.epoch, [&migration] { migration.activity->note_tombstone(); });
  co_return co_await mover.update(*migration.intents, request.label, std::move(insert));
}

asio::awaitable<Result<Bytes>> ask(const Asked& asked, Question& question) {
  if (asked.moves_label && question.role == routing::Role::authority)
    return move_and_update(asked, question);
  return question.log->service->ask(std::move(question.request));
}

// Whether the log of `next` is asked after these answers to a search.
Result<bool> is_next(const Question& next, const Answers& answers) {
  if (next.role != routing::Role::successor) return true;
  KT_TRY(const auto greatest, migration::greatest_in(answers.routed.answers.back().response,
                                                     *answers.to_view.back().log));
  return migration::is_asked({id_of(*next.log), next.role}, greatest.value);
}

// Whether the last answer to a search says that the label is in a log that was not asked: labels
// have begun to move in the meantime.
Result<bool> is_overtaken(const Answers& answers) {
  KT_TRY(const auto greatest, migration::greatest_in(answers.routed.answers.back().response,
                                                     *answers.to_view.back().log));
  return federation::is_like_a_tombstone(greatest.value);
}

asio::awaitable<Response> handle(std::shared_ptr<const Hosting> hosting,
                                 std::shared_ptr<const PublishedDirectories> published,
                                 const RoutedOperation& operation, Caller caller, Request request) {
  const InForce in_force{*hosting, *published};
  Questions asked = operation.read(in_force, request.body);
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
  Answers answers{{asked->epoch, {}}, {}};
  const bool is_search_of_moving =
      asked->migration != nullptr &&
      std::holds_alternative<keytrans::SearchRequest>(asked->questions.front().request);
  for (Question& question : asked->questions) {
    const auto next = is_next(question, answers);
    if (!next) co_return problem_response(Problem::internal);
    if (!*next) break;
    ErrorMeaning meaning = meaning_of(question.request, *question.log);
    // A label that has moved is where it has moved to.
    if (question.role == routing::Role::successor) meaning.not_found = Problem::internal;
    const AnswerKind kind = answer_kind(question.request);
    if (asked->migration != nullptr) asked->migration->note(*question.log, question.request);
    auto answered = co_await ask(*asked, question);
    // What has been updated is, whatever its owner is told of the log that it has left.
    if (!answered && question.role == routing::Role::predecessor) continue;
    if (!answered) co_return meaning.problem(answered.error());
    answers.add(question, kind, *std::move(answered));
  }
  if (is_search_of_moving) {
    const auto overtaken = is_overtaken(answers);
    if (!overtaken) co_return problem_response(Problem::internal);
    if (*overtaken) co_return problem_response(Problem::unavailable, "the label is moving");
  }
  co_return response_of(operation, request.head.accept, std::move(answers));
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
      operation.problems.push_back(Problem::migration_frozen);
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
