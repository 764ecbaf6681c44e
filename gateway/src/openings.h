// Monitoring by what was once shown: whoever has the opening of each version that they monitor was
// allowed to look those versions up, and goes on monitoring them whatever has been revoked.
// Internal.
//
// Source: docs/http-api.md, "Admission"; draft, "Contact Monitor"; architecture, Section 4.1.
// Thread rule: any thread.
#pragma once

#include <optional>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "federation/routed_messages.h"
#include "hosting.h"
#include "routing/log_service.h"

namespace kt::gateway {

// The versions of a label whose openings are to be shown.
struct OpeningsToShow {
  Label label;
  std::vector<Version> versions;
};

// Nothing for requests that monitor nothing, or no version.
[[nodiscard]] std::optional<OpeningsToShow> openings_to_show(const routing::LogRequest& request);

// Whether `shown` has the opening of each of `wanted`, as `hosted` has them. A log at another
// gateway is asked for the versions, one by one, up to the first that is wrong; what a log has
// erased cannot be shown.
// Errors: those of routing::LogService::ask(), but for not_found. Requires: `hosted` stays.
boost::asio::awaitable<Result<bool>> shows_openings(const HostedLog& hosted, OpeningsToShow wanted,
                                                    std::vector<federation::VersionOpening> shown);

}  // namespace kt::gateway
