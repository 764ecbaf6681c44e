// The endpoint of directory documents: GET /.well-known/key-transparency. Internal.
// docs/http-api.md.
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

inline constexpr std::string_view kDirectoryPath = "/.well-known/key-transparency";

[[nodiscard]] ApiOperation directory_operation();

// The endpoint for the document that `head` asks for, or the problem with it.
[[nodiscard]] tl::expected<Endpoint, Response> directory_endpoint(
    const Hosting& hosting, std::shared_ptr<const PublishedDirectories> published,
    const RequestHead& head);

}  // namespace kt::gateway
