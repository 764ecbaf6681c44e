#include "problem.h"

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

namespace kt::gateway {
namespace {

struct Row {
  Problem problem;
  unsigned status;
  std::string_view code;
  std::string_view title;
};

constexpr std::array kRows{
    Row{Problem::malformed, 400, "malformed", "The request cannot be read"},
    Row{Problem::ohttp_key, 400, "ohttp-key", "The request is for no key that is in force"},
    Row{Problem::date, 400, "date", "The date of the request is another one"},
    Row{Problem::unauthenticated, 401, "unauthenticated", "Who asks is not known"},
    Row{Problem::forbidden, 403, "forbidden", "Not allowed"},
    Row{Problem::unknown_label, 404, "unknown-label", "The log has no such label"},
    Row{Problem::unknown_version, 404, "unknown-version", "The log has no such version"},
    Row{Problem::unknown_log, 404, "unknown-log", "There is no such log here"},
    Row{Problem::no_log, 404, "no-log", "There is no log for the domain here"},
    Row{Problem::no_ohttp, 404, "no-ohttp", "Oblivious HTTP is not offered here"},
    Row{Problem::no_evidence, 404, "no-evidence", "There is no evidence about the log here"},
    Row{Problem::not_found, 404, "not-found", "There is nothing here"},
    Row{Problem::method_not_allowed, 405, "method-not-allowed", "The method is another one"},
    Row{Problem::not_acceptable, 406, "not-acceptable", "There is no such representation"},
    Row{Problem::stale_version, 409, "stale-version", "The label has another greatest version"},
    Row{Problem::stale_view, 409, "stale-view", "The advertised tree is not the log's"},
    Row{Problem::retired_log, 410, "retired-log", "The log does not answer any more"},
    Row{Problem::length_required, 411, "length-required", "The length of the body is missing"},
    Row{Problem::content_too_large, 413, "content-too-large", "The body is too large"},
    Row{Problem::unsupported_media_type, 415, "unsupported-media-type",
        "The body is of another type"},
    Row{Problem::rejected, 422, "rejected", "Refused"},
    Row{Problem::reserved_label, 422, "reserved-label", "The label is the gateways' own"},
    Row{Problem::reserved_value, 422, "reserved-value", "The value is the gateways' own"},
    Row{Problem::invalid_identity, 422, "invalid-identity", "The label is not one of an identity"},
    Row{Problem::rate_limited, 429, "rate-limited", "Too many requests"},
    Row{Problem::header_too_large, 431, "header-too-large", "The header is too large"},
    Row{Problem::internal, 500, "internal", "Something is wrong here"},
    Row{Problem::version_not_supported, 505, "version-not-supported",
        "The HTTP version is another one"},
    Row{Problem::upstream_invalid, 502, "upstream-invalid", "The log answered something else"},
    Row{Problem::unavailable, 503, "upstream-unavailable", "The log cannot answer now"},
    Row{Problem::storage_full, 507, "storage-full", "There is no room for it"},
    Row{Problem::authoriser_unavailable, 503, "authoriser-unavailable",
        "Who may cannot be found out now"},
    Row{Problem::discovery_unavailable, 503, "discovery-unavailable",
        "The domain cannot be found now"},
    Row{Problem::migration_frozen, 503, "migration-frozen", "Updates wait while labels move"},
    Row{Problem::draining, 503, "draining", "Going away"},
};

const Row& row_of(Problem problem) {
  const Row* const row = std::find_if(
      kRows.begin(), kRows.end(), [problem](const Row& each) { return each.problem == problem; });
  KT_ASSERT(row != kRows.end());
  return *row;
}

}  // namespace

std::string_view code_of(Problem problem) { return row_of(problem).code; }

std::string type_of(Problem problem) {
  const std::string code(code_of(problem));
  // By these, clients that are none of ours know what to do (RFC 9458, Sections 5.3 and 6.5.2).
  if (problem == Problem::ohttp_key || problem == Problem::date)
    return "https://iana.org/assignments/http-problem-types#" + code;
  return "urn:ktgate:error:" + code;
}

std::string_view title_of(Problem problem) { return row_of(problem).title; }

unsigned status_of(Problem problem) { return row_of(problem).status; }

Response method_not_allowed(Method allowed) {
  Response response = problem_response(Problem::method_not_allowed);
  response.headers.emplace_back("Allow", allowed == Method::get ? "GET" : "POST");
  return response;
}

Response rate_limited(std::chrono::nanoseconds wait) {
  Response response = problem_response(Problem::rate_limited, "wait as long as Retry-After says");
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait);
  response.headers.emplace_back("Retry-After", std::to_string(seconds.count()));
  return response;
}

Response problem_of(const Error& error, Problem not_found, Problem conflict, Problem corrupt) {
  switch (error.code) {
    case Errc::malformed: return problem_response(Problem::malformed, error.detail);
    case Errc::not_found: return problem_response(not_found, error.detail);
    case Errc::conflict: return problem_response(conflict, error.detail);
    case Errc::verification_failed:
    case Errc::rejected: return problem_response(Problem::rejected, error.detail);
    case Errc::unavailable: return problem_response(Problem::unavailable, error.detail);
    case Errc::corrupt: break;
  }
  return problem_response(corrupt);
}

Response problem_response(Problem problem, std::string_view detail) {
  const Row& row = row_of(problem);
  nlohmann::ordered_json json{
      {"type", type_of(problem)}, {"title", row.title}, {"status", row.status}};
  if (!detail.empty()) json["detail"] = detail;
  Response response;
  response.status = row.status;
  response.content_type = kProblemType;
  response.body = to_bytes(json.dump());
  if (row.status == 503) response.headers.emplace_back("Retry-After", "1");
  if (row.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

}  // namespace kt::gateway
