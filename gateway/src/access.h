// Who may do what with a label. Internal.
//
// Source: docs/http-api.md, "Admission". Thread rule: pure functions.
#pragma once

#include <optional>
#include <vector>

#include "hosting.h"
#include "http_message.h"
#include "routing/log_service.h"

namespace kt::gateway {

// The refusal, if `caller` may not ask `hosted` this. What concerns no label of a user, such as
// distinguished heads and the labels of the gateways, everybody may read.
[[nodiscard]] std::optional<Response> refuse_access(const Hosting& hosting, const Caller& caller,
                                                    const HostedLog& hosted,
                                                    const routing::LogRequest& request);

// The refusal of a caller who is not known, or not allowed.
[[nodiscard]] Response refusal_of(const Caller& caller);

}  // namespace kt::gateway
