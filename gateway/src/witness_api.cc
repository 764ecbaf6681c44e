#include "witness_api.h"

#include <algorithm>
#include <utility>

#include "entity_tag.h"
#include "media_type.h"
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

Endpoint serve(std::string_view name, const std::string& type, std::shared_ptr<const Bytes> body) {
  Endpoint endpoint;
  endpoint.name = name;
  endpoint.handle = [type, body = std::move(body)](const Request& request) {
    const std::string etag = entity_tag(*body);
    Response response;
    response.headers = {{"ETag", etag}, {"Cache-Control", kMaxAge}};
    if (has_tag(request.head.if_none_match, etag)) {
      response.status = kNotModified;
    } else {
      response.content_type = type;
      response.body = *body;
    }
    return done(std::move(response));
  };
  return endpoint;
}

ApiOperation describe(std::string_view end, const std::string& type, std::string_view help) {
  ApiOperation operation;
  operation.path = std::string(kLogs) + "{log}" + std::string(end);
  operation.name = end.substr(1);
  operation.help = help;
  operation.response_types = {type};
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
  if (!accepts(head.accept, type)) return refuse(Problem::not_acceptable);
  const auto id = named_log(hosting, name);
  if (!id) return refuse(Problem::unknown_log);
  const auto logs = witness == nullptr ? nullptr : witness->logs();
  const bool is_known = logs != nullptr && logs->contains(*id);
  if (is_evidence) {
    if (is_known && logs->at(*id).evidence)
      return Found(serve(kEvidence.substr(1), type, logs->at(*id).evidence));
    return refuse(Problem::no_evidence);
  }
  if (is_known && logs->at(*id).shown)
    return Found(serve(kWitnessed.substr(1), type, logs->at(*id).shown));
  return refuse(Problem::unknown_log);
}

}  // namespace kt::gateway
