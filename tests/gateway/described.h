// Whether what a gateway answers is what its description, /openapi.json, says of the request.
#pragma once

#include <nlohmann/json.hpp>

#include "federation/http_client.h"

namespace kt::gateway {

// Of the gateways in tests, with the default limits.
[[nodiscard]] const nlohmann::json& description();

// A failure of the test when it is not.
void expect_described(const federation::HttpRequest& request,
                      const federation::HttpResponse& response);

}  // namespace kt::gateway
