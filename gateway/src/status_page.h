// The page at `/` that says, to people, how the domains and logs of a gateway are. Internal.
//
// It holds what the directory documents and the logs' heads tell everybody anyway, and in words
// what is wrong, by the same judgement as readiness; and how many other domains and logs there is
// an alarm about, without saying which ones are known, but for logs whose misbehaviour is proved.
// It asks the logs for nothing but what they know of themselves.
//
// Thread rule: pure functions.
#pragma once

#include <string>

#include <tl/expected.hpp>

#include "api_operation.h"
#include "directory_publisher.h"
#include "hosting.h"
#include "http_message.h"
#include "witness.h"

namespace kt::gateway {

// HTML without anything from elsewhere, and without scripts.
[[nodiscard]] std::string status_page(const Hosting& hosting, const PublishedDirectories& published,
                                      Timestamp now, const WitnessedLogs& witnessed = {});

inline constexpr std::string_view kStatusPath = "/";
[[nodiscard]] ApiOperation status_operation();

// The endpoint for `head`, or the problem with it. `witnessed` is null where nothing is kept.
[[nodiscard]] tl::expected<Endpoint, Response> status_endpoint(
    std::shared_ptr<const Hosting> hosting, std::shared_ptr<const PublishedDirectories> published,
    std::shared_ptr<const WitnessedLogs> witnessed, const RequestHead& head);

}  // namespace kt::gateway
