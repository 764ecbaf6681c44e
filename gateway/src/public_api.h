// What everybody may ask of a gateway: the endpoints of its logs, and those that find the log.
// Internal. docs/http-api.md lists them.
//
// Thread rule: any thread, several at a time.
#pragma once

#include <tl/expected.hpp>

#include "current.h"
#include "directory_publisher.h"
#include "hosting.h"
#include "http_message.h"
#include "log_api.h"
#include "openapi.h"
#include "rate_limiter.h"

namespace kt::gateway {

// What all of them take and answer.
[[nodiscard]] std::vector<ApiOperation> public_operations();

class PublicApi {
 public:
  // What is asked is answered as `hosting` says when it is asked. Borrows both.
  PublicApi(const Current<Hosting>& hosting, const DirectoryPublisher& publisher)
      : hosting_(hosting), publisher_(publisher) {}

  // The endpoint for `head`, or the problem with it. Its handler borrows this object.
  [[nodiscard]] tl::expected<Endpoint, Response> find(const RequestHead& head);

  // Finishes what has begun in the logs. Requires: no endpoint is called any more.
  void close() { logs_.close(); }

 private:
  const Current<Hosting>& hosting_;
  RateLimiter limiter_{};
  const DirectoryPublisher& publisher_;
  LogApi logs_;
  OpenApi openapi_{public_operations()};
};

}  // namespace kt::gateway
