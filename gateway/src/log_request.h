// What of a request to a log a gateway looks at itself. Internal.
//
// Source: docs/http-api.md, "Errors". Thread rule: pure functions.
#pragma once

#include <optional>

#include "hosting.h"
#include "problem.h"
#include "routing/log_service.h"

namespace kt::gateway {

// reserved_label or reserved_value when it is an update of what belongs to the gateways.
[[nodiscard]] std::optional<Problem> find_reserved(const routing::LogRequest& request);

// What it means that something is not there, that the caller's state is not the log's, or that what
// comes from the log is no response.
struct ErrorMeaning {
  Problem not_found;
  Problem conflict;
  Problem corrupt;
  bool is_update;
  const HostedLog* log;

  // The answer to `error`, which says how long a log at another gateway will be left alone.
  [[nodiscard]] Response problem(const Error& error) const;
};
[[nodiscard]] ErrorMeaning meaning_of(const routing::LogRequest& request, const HostedLog& log);

}  // namespace kt::gateway
