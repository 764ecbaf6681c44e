// The endpoints of routed requests: a label in, the answers of the logs that its domain's policy
// names out. Internal. docs/http-api.md, "Routed structures".
//
// Thread rule: pure functions; what they give may be called on any thread.
#pragma once

#include <memory>
#include <string_view>

#include <tl/expected.hpp>

#include "api_operation.h"
#include "directory_publisher.h"
#include "hosting.h"
#include "http_message.h"

namespace kt::gateway {

struct RoutedOperation;

// The one at this path. Null when there is none.
[[nodiscard]] const RoutedOperation* find_routed_operation(std::string_view path);

// All that there are.
[[nodiscard]] std::vector<ApiOperation> routed_operations();

// The endpoint over the domains and logs of `hosting` for `head` of `caller`, or the problem with
// it. What is published is named in the answers.
[[nodiscard]] tl::expected<Endpoint, Response> routed_endpoint(
    std::shared_ptr<const Hosting> hosting, std::shared_ptr<const PublishedDirectories> published,
    const RoutedOperation& operation, const Caller& caller, const RequestHead& head);

}  // namespace kt::gateway
