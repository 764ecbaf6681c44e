#include "openapi.h"

#include <algorithm>
#include <map>
#include <set>

#include <nlohmann/json.hpp>

#include "json_view.h"
#include "media_type.h"

namespace kt::gateway {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kLogParameter = "{log}";
constexpr std::string_view kDomainParameter = "{domain}";
constexpr const char* kMaxAge = "max-age=300";

Json text_schema() { return {{"type", "string"}}; }

Json query_parameter(const QueryParameter& parameter) {
  Json schema = text_schema();
  // As text it may have all 64 bits.
  if (parameter.is_number) schema["pattern"] = "^[0-9]{1,20}$";
  return {{"name", parameter.name},
          {"in", "query"},
          {"required", parameter.is_required},
          {"description", parameter.help},
          {"schema", schema}};
}

Json parameters(const ApiOperation& operation) {
  Json all = Json::array();
  if (operation.path.find(kLogParameter) != std::string::npos)
    all.push_back({{"$ref", "#/components/parameters/log"}});
  if (operation.path.find(kDomainParameter) != std::string::npos)
    all.push_back({{"$ref", "#/components/parameters/domain"}});
  for (const QueryParameter& each : operation.query) all.push_back(query_parameter(each));
  return all;
}

std::size_t bytes_of(BodyLimit limit, const BodyLimits& limits) {
  return limit == BodyLimit::update_bytes ? limits.update_bytes : limits.request_bytes;
}

// A body of bytes, which the media type explains.
Json request_body(const ApiOperation& operation, const BodyLimits& limits) {
  Json content = Json::object();
  for (const std::string& type : operation.request_types)
    content[type] = {
        {"schema", {{"type", "string"}, {"maxLength", bytes_of(operation.limit, limits)}}}};
  return {{"required", true}, {"content", content}};
}

std::vector<Problem> problems_of(const ApiOperation& operation) {
  std::vector<Problem> all{Problem::malformed, Problem::rate_limited, Problem::header_too_large,
                           Problem::internal, Problem::version_not_supported};
  const auto add = [&all](std::initializer_list<Problem> more) { all.insert(all.end(), more); };
  if (operation.method == Method::post)
    add({Problem::length_required, Problem::content_too_large, Problem::unsupported_media_type});
  if (!operation.response_types.empty()) add({Problem::not_acceptable});
  if (operation.path.find(kLogParameter) != std::string::npos)
    add({Problem::unknown_log, Problem::retired_log});
  if (operation.audience != Audience::everyone) add({Problem::unauthenticated, Problem::forbidden});
  if (operation.audience == Audience::admitted) add({Problem::authoriser_unavailable});
  all.insert(all.end(), operation.problems.begin(), operation.problems.end());
  return all;
}

// The problems of one status: which codes there are, and what they mean.
Json problem_answer(const std::set<Problem>& problems) {
  Json types = Json::array();
  std::string titles;
  for (const Problem problem : problems) {
    types.push_back(type_of(problem));
    titles += (titles.empty() ? "" : "; ") + std::string(title_of(problem));
  }
  const Json schema{{"allOf", {{{"$ref", "#/components/schemas/Problem"}}}},
                    {"properties", {{"type", {{"enum", types}}}}}};
  return {{"description", titles}, {"content", {{kProblemType, {{"schema", schema}}}}}};
}

Json responses(const ApiOperation& operation) {
  Json all = Json::object();
  if (operation.response_types.empty()) {
    all["204"] = {{"description", "Done"}};
  } else {
    Json content = Json::object();
    for (const std::string& type : operation.response_types) content[type] = Json::object();
    all["200"] = {{"description", "The answer"}, {"content", content}};
  }
  if (operation.has_tag) all["304"] = {{"description", "It has not changed"}};
  std::map<unsigned, std::set<Problem>> by_status;
  for (const Problem problem : problems_of(operation))
    by_status[status_of(problem)].insert(problem);
  for (const auto& [status, problems] : by_status)
    all[std::to_string(status)] = problem_answer(problems);
  return all;
}

std::string_view words_for(Audience audience) {
  switch (audience) {
    case Audience::auditor: return "For the log's auditor alone.";
    case Audience::gateway:
      return "For the gateway alone that has the log for a domain of its own.";
    case Audience::everyone:
    case Audience::admitted: break;
  }
  return "For those whom the rules of the label's domain admit.";
}

Json describe(const ApiOperation& operation, const BodyLimits& limits) {
  Json json{{"operationId", operation.name}, {"summary", operation.help}};
  if (operation.audience != Audience::everyone) {
    const bool is_for_any = operation.audience == Audience::admitted;
    json["description"] = words_for(operation.audience);
    Json ways = {{{"bearer", Json::array()}}, {{"certificate", Json::array()}}};
    if (is_for_any) ways.push_back(Json::object());
    json["security"] = std::move(ways);
  }
  if (Json all = parameters(operation); !all.empty()) json["parameters"] = std::move(all);
  if (operation.method == Method::post) json["requestBody"] = request_body(operation, limits);
  json["responses"] = responses(operation);
  return json;
}

Json components() {
  return {{"parameters",
           {{"log",
             {{"name", "log"},
              {"in", "path"},
              {"required", true},
              {"description", "The LogId in lower-case hexadecimal, or the log's alias"},
              {"schema", {{"type", "string"}, {"pattern", "^[a-z0-9-]{1,64}$"}}}}},
            {"domain",
             {{"name", "domain"},
              {"in", "path"},
              {"required", true},
              {"description", "The name of another domain, in lower case and A-labels"},
              {"schema", {{"type", "string"}, {"pattern", "^[a-z0-9.-]{3,253}$"}}}}}}},
          {"schemas",
           {{"Problem",
             {{"type", "object"},
              {"description", "RFC 9457"},
              {"required", {"type", "title", "status"}},
              {"properties",
               {{"type", text_schema()},
                {"title", text_schema()},
                {"status", {{"type", "integer"}}},
                {"detail", text_schema()}}}}}}},
          {"securitySchemes",
           {{"bearer", {{"type", "http"}, {"scheme", "bearer"}}},
            {"certificate", {{"type", "mutualTLS"}}}}}};
}

boost::asio::awaitable<Response> done(Response response) { co_return response; }

}  // namespace

std::string openapi_document(std::span<const ApiOperation> operations, const BodyLimits& limits) {
  Json paths = Json::object();
  for (const ApiOperation& operation : operations)
    paths[operation.path][operation.method == Method::get ? "get" : "post"] =
        describe(operation, limits);
  const Json document{
      {"openapi", "3.1.0"},
      {"info",
       {{"title", "ktgate"},
        {"summary", "A federated gateway for Key Transparency"},
        {"description",
         "Bodies are the TLS encoding of the messages that their media types name "
         "(draft-ietf-keytrans-protocol). application/json in answers is a view for people."},
        {"version", KTGATE_VERSION}}},
      {"servers", {{{"url", "/"}}}},
      {"paths", paths},
      {"components", components()}};
  return document.dump() + "\n";
}

ApiOperation openapi_operation() {
  ApiOperation operation;
  operation.path = kOpenApiPath;
  operation.name = "openapi";
  operation.help = "This description";
  operation.response_types = {std::string(kJsonType)};
  return operation;
}

std::shared_ptr<const Bytes> OpenApi::document(const BodyLimits& limits) {
  const std::lock_guard lock(mutex_);
  if (document_ == nullptr || limits != limits_) {
    document_ = std::make_shared<const Bytes>(to_bytes(openapi_document(operations_, limits)));
    limits_ = limits;
  }
  return document_;
}

tl::expected<Endpoint, Response> OpenApi::find(const Hosting& hosting, const RequestHead& head) {
  if (head.method != Method::get) return tl::unexpected(method_not_allowed(Method::get));
  if (!accepts(head.accept, kJsonType))
    return tl::unexpected(problem_response(Problem::not_acceptable));
  Endpoint endpoint;
  endpoint.name = "openapi";
  endpoint.handle = [text = document({hosting.request_limit(), hosting.update_limit()})](
                        const Request& /*request*/) {
    Response response;
    response.content_type = kJsonType;
    response.body = *text;
    response.headers = {{"Cache-Control", kMaxAge}};
    return done(std::move(response));
  };
  return endpoint;
}

}  // namespace kt::gateway
