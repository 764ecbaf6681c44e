#include "witness_api.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "entity_tag.h"
#include "json_view.h"
#include "problem.h"

namespace kt::gateway {
namespace {

constexpr std::string_view kLogs = "/kt/v1/logs/";
constexpr std::string_view kWitnessed = "/witnessed";
constexpr std::string_view kEvidence = "/evidence";
constexpr unsigned kNotModified = 304;
constexpr const char* kMaxAge = "max-age=60";

using Found = tl::expected<Endpoint, Response>;

Found refuse(Problem problem) { return tl::unexpected(problem_response(problem)); }

// The log that a path names: one that is hosted here, or any other by its LogId.
std::optional<LogId> named_log(const Hosting& hosting, std::string_view name) {
  if (const HostedLog* const hosted = hosting.find_log(name)) return hosted->configuration().id();
  const auto bytes = from_hex(name);
  HashValue hash{};
  if (!bytes || bytes->size() != hash.size()) return std::nullopt;
  std::copy(bytes->begin(), bytes->end(), hash.begin());
  const LogId id(hash);
  if (id.hex() != name) return std::nullopt;
  return id;
}

boost::asio::awaitable<Response> done(Response response) { co_return response; }

// What is kept, or the view of it.
struct Kept {
  std::string_view name;  // of the operation
  std::string type;
  std::shared_ptr<const Bytes> bytes;
  std::function<Result<Bytes>(ByteView)> view;
};

Response answer(const Kept& kept, const RequestHead& head) {
  Response response;
  if (wants_view(head.accept, kept.type)) {
    response = view_response(kept.view(*kept.bytes));
    if (response.content_type != kJsonType) return response;  // there is none
  } else {
    response.content_type = kept.type;
    response.body = *kept.bytes;
  }
  const std::string etag = entity_tag(response.body);
  if (has_tag(head.if_none_match, etag)) {
    response = {};
    response.status = kNotModified;
  }
  response.headers = {{"ETag", etag}, {"Cache-Control", kMaxAge}, {"Vary", "Accept"}};
  return response;
}

Found serve(Kept kept) {
  Endpoint endpoint;
  endpoint.name = kept.name;
  endpoint.handle = [kept = std::move(kept)](const Request& request) {
    return done(answer(kept, request.head));
  };
  return endpoint;
}

ApiOperation describe(std::string_view end, const std::string& type, std::string_view help) {
  ApiOperation operation;
  operation.path = std::string(kLogs) + "{log}" + std::string(end);
  operation.name = end.substr(1);
  operation.help = help;
  operation.response_types = {type, std::string(kJsonType)};
  operation.has_tag = true;
  return operation;
}

}  // namespace

std::vector<ApiOperation> witness_operations() {
  ApiOperation witnessed = describe(kWitnessed, media_type("distinguished-response"),
                                    "What this gateway has seen of a log, as a newcomer");
  ApiOperation evidence = describe(kEvidence, media_type("fork-evidence"),
                                   "The proof that a log has signed two histories");
  evidence.problems = {Problem::no_evidence};
  return {std::move(witnessed), std::move(evidence)};
}

std::string witnessed_path(const LogId& log) {
  return std::string(kLogs) + log.hex() + std::string(kWitnessed);
}

std::optional<Found> witness_endpoint(const Hosting& hosting, const Witness* witness,
                                      const RequestHead& head) {
  std::string_view name = head.path;
  const bool is_evidence = name.ends_with(kEvidence);
  if (!name.starts_with(kLogs) || !(is_evidence || name.ends_with(kWitnessed))) return std::nullopt;
  const std::string_view end = is_evidence ? kEvidence : kWitnessed;
  name.remove_suffix(end.size());
  if (name.size() <= kLogs.size()) return std::nullopt;
  name.remove_prefix(kLogs.size());
  if (head.method != Method::get) return Found(tl::unexpected(method_not_allowed(Method::get)));
  const std::string type = media_type(is_evidence ? "fork-evidence" : "distinguished-response");
  if (!accepts_answer(head.accept, type)) return refuse(Problem::not_acceptable);
  const auto id = named_log(hosting, name);
  if (!id) return refuse(Problem::unknown_log);
  const auto logs = witness == nullptr ? nullptr : witness->logs();
  const bool is_known = logs != nullptr && logs->contains(*id);
  if (is_evidence) {
    if (is_known && logs->at(*id).evidence)
      return serve({kEvidence.substr(1), type, logs->at(*id).evidence, view_fork_evidence});
    return refuse(Problem::no_evidence);
  }
  if (is_known && logs->at(*id).shown) {
    auto view = [configuration = logs->at(*id).configuration](ByteView bytes) {
      return view_distinguished(*configuration, bytes);
    };
    return serve({kWitnessed.substr(1), type, logs->at(*id).shown, std::move(view)});
  }
  return refuse(Problem::unknown_log);
}

}  // namespace kt::gateway
