// What a witness tells everybody: GET /kt/v1/logs/{log}/witnessed, what it has seen of a log, and
// GET /kt/v1/logs/{log}/evidence, the proof that the log has forked. Internal. docs/http-api.md.
//
// Both are of logs that are hosted here and of others. What is answered is what is kept; nothing is
// asked of anybody.
//
// Thread rule: pure functions; what they give may be called on any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "api_operation.h"
#include "hosting.h"
#include "http_message.h"
#include "witness.h"

namespace kt::gateway {

[[nodiscard]] std::vector<ApiOperation> witness_operations();

// Below the URL of a gateway.
[[nodiscard]] std::string witnessed_path(const LogId& log);

// The endpoint for `head`, or the problem with it; nothing when its path is none of these.
// `witness` is null where there is none.
[[nodiscard]] std::optional<tl::expected<Endpoint, Response>> witness_endpoint(
    const Hosting& hosting, const Witness* witness, const RequestHead& head);

}  // namespace kt::gateway
