// The description of the HTTP service for programs: OpenAPI 3.1, at `/openapi.json`. Internal.
//
// Source: https://spec.openapis.org/oas/v3.1.0. Thread rule: any thread.
#pragma once

#include <memory>
#include <mutex>
#include <span>

#include <tl/expected.hpp>

#include "api_operation.h"
#include "hosting.h"

namespace kt::gateway {

// Bytes of a request's body.
struct BodyLimits {
  std::size_t request_bytes;
  std::size_t update_bytes;

  friend bool operator==(const BodyLimits&, const BodyLimits&) = default;
};

// JSON.
[[nodiscard]] std::string openapi_document(std::span<const ApiOperation> operations,
                                           const BodyLimits& limits);

// The one operation that this file answers.
inline constexpr std::string_view kOpenApiPath = "/openapi.json";
[[nodiscard]] ApiOperation openapi_operation();

class OpenApi {
 public:
  explicit OpenApi(std::vector<ApiOperation> operations) : operations_(std::move(operations)) {}

  // The endpoint for `head`, or the problem with it.
  [[nodiscard]] tl::expected<Endpoint, Response> find(const Hosting& hosting,
                                                      const RequestHead& head);

 private:
  // Made anew when the limits have changed.
  [[nodiscard]] std::shared_ptr<const Bytes> document(const BodyLimits& limits);

  const std::vector<ApiOperation> operations_;
  std::mutex mutex_;
  BodyLimits limits_{};
  std::shared_ptr<const Bytes> document_;
};

}  // namespace kt::gateway
