#include "directory_api.h"

#include "entity_tag.h"
#include "media_type.h"
#include "problem.h"
#include "query.h"

namespace kt::gateway {
namespace {

using federation::Domain;

constexpr std::string_view kType = "application/json";
constexpr unsigned kNotModified = 304;
constexpr const char* kMaxAge = "max-age=300";

using Refused = tl::unexpected<Response>;

Refused refuse(Problem problem, std::string_view detail = {}) {
  return Refused(problem_response(problem, detail));
}

// The domain that is asked for: by name, or as the only one or the default one.
tl::expected<Domain, Response> find_domain(const Hosting& hosting, const RequestHead& head) {
  const auto named = find_in_query(head.query, "domain");
  if (named.size() > 1) return refuse(Problem::malformed, "the query has domain twice");
  if (named.size() == 1) {
    auto domain = Domain::parse(named[0]);
    // Whoever knows the document knows how its domain is written.
    if (!domain || domain->text() != named[0])
      return refuse(Problem::malformed, "the domain has to be in lower case and A-labels");
    return *std::move(domain);
  }
  const auto& domains = hosting.domains();
  if (domains.empty()) return refuse(Problem::no_log);
  if (domains.size() == 1) return *domains.front().name;
  if (hosting.default_domain()) return *hosting.default_domain();
  return refuse(Problem::malformed, "there are several domains: add ?domain= and one of them");
}

boost::asio::awaitable<Response> done(Response response) { co_return response; }

}  // namespace

ApiOperation directory_operation() {
  ApiOperation operation;
  operation.path = kDirectoryPath;
  operation.name = "directory";
  operation.help = "The directory document of a domain";
  operation.query = {{"domain", false, false, "Which domain; without it the only or default one"}};
  operation.response_types = {std::string(kType)};
  operation.has_tag = true;
  operation.problems = {Problem::no_log};
  return operation;
}

tl::expected<Endpoint, Response> directory_endpoint(
    const Hosting& hosting, std::shared_ptr<const PublishedDirectories> published,
    const RequestHead& head) {
  if (head.method != Method::get) return Refused(method_not_allowed(Method::get));
  if (!accepts(head.accept, kType)) return refuse(Problem::not_acceptable);
  auto domain = find_domain(hosting, head);
  if (!domain) return Refused(std::move(domain).error());
  const auto found = published->find(*domain);
  if (found == published->end())
    return refuse(Problem::no_log, "no directory document is published for the domain here");
  Endpoint endpoint;
  endpoint.name = "directory";
  endpoint.handle = [published = std::move(published), &document = found->second](Request request) {
    const std::string etag = entity_tag(to_bytes(document.text()));
    Response response;
    response.headers = {{"ETag", etag}, {"Cache-Control", kMaxAge}};
    if (has_tag(request.head.if_none_match, etag)) {
      response.status = kNotModified;
    } else {
      response.content_type = kType;
      response.body = to_bytes(document.text());
    }
    return done(std::move(response));
  };
  return endpoint;
}

}  // namespace kt::gateway
