// The errors that the HTTP service answers with: problem details (RFC 9457) with a code each.
// Internal. docs/http-api.md, "Errors", is the table of them.
//
// Thread rule: pure functions.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "http_message.h"
#include "keytrans/result.h"

namespace kt::gateway {

enum class Problem : std::uint8_t {
  malformed,
  ohttp_key,
  date,
  unauthenticated,
  forbidden,
  unknown_label,
  unknown_version,
  unknown_log,
  no_log,
  no_ohttp,
  no_evidence,
  not_found,
  method_not_allowed,
  not_acceptable,
  stale_version,
  stale_view,
  retired_log,
  length_required,
  content_too_large,
  unsupported_media_type,
  rejected,
  reserved_label,
  reserved_value,
  invalid_identity,
  rate_limited,
  header_too_large,
  internal,
  version_not_supported,
  upstream_invalid,
  unavailable,
  storage_full,
  authoriser_unavailable,
  discovery_unavailable,
  migration_frozen,
  draining,
};

inline constexpr std::string_view kProblemType = "application/problem+json";

// The code at the end of the problem's type: "unknown-label".
[[nodiscard]] std::string_view code_of(Problem problem);
// "urn:ktgate:error:unknown-label", or what RFC 9458 has registered for the problem.
[[nodiscard]] std::string type_of(Problem problem);
// What it means, in words.
[[nodiscard]] std::string_view title_of(Problem problem);
[[nodiscard]] unsigned status_of(Problem problem);

// The answer. `detail` says what to do, and holds no label, value, token or path of ours.
[[nodiscard]] Response problem_response(Problem problem, std::string_view detail = {});

// The answer to a request with another method than `allowed`.
[[nodiscard]] Response method_not_allowed(Method allowed);

// The answer to a caller who asks too often.
[[nodiscard]] Response rate_limited(std::chrono::nanoseconds wait);

// The answer to what failed in a log with `error`. What is wrong in a log's data is nobody's
// business but the log's.
[[nodiscard]] Response problem_of(const Error& error, Problem not_found,
                                  Problem conflict = Problem::stale_view,
                                  Problem corrupt = Problem::internal);

}  // namespace kt::gateway
