// What one operation of the HTTP service takes and answers, as its description says. Internal.
//
// Each file that answers requests gives these from the tables by which it answers them; openapi.h
// makes the description of them.
//
// Thread rule: plain values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http_message.h"
#include "problem.h"

namespace kt::gateway {

// Who may ask: everyone, those whom the rules of the label's domain admit, the log's auditor, or
// the other gateway that has the log.
enum class Audience : std::uint8_t { everyone, admitted, auditor, gateway };

// Which key of [limits] bounds the body of a request.
enum class BodyLimit : std::uint8_t { none, request_bytes, update_bytes };

struct QueryParameter {
  std::string_view name;
  bool is_required;
  bool is_number;
  std::string_view help;
};

struct ApiOperation {
  Method method = Method::get;
  std::string path;       // with {log} where a log is named, {domain} where a domain is
  std::string_view name;  // in metrics; no two have the same
  std::string_view help;
  Audience audience = Audience::everyone;
  std::vector<QueryParameter> query{};
  std::vector<std::string> request_types{};  // of a POST
  BodyLimit limit = BodyLimit::none;
  std::vector<std::string> response_types{};  // of 200; without one it is 204
  bool has_tag = false;                       // If-None-Match is answered with 304
  std::vector<Problem> problems{};            // beside those that any request can meet
};

}  // namespace kt::gateway
