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
#include "ohttp_api.h"
#include "openapi.h"
#include "rate_limiter.h"
#include "relay_api.h"
#include "witness.h"

namespace kt::gateway {

// What all of them take and answer.
[[nodiscard]] std::vector<ApiOperation> public_operations();

class PublicApi {
 public:
  // What is asked is answered as `hosting` says when it is asked. Borrows all of them; `ohttp` is
  // null where Oblivious HTTP is not offered, and otherwise its smallest answers have `pad_from`
  // bytes; `witness` is null where the gateway keeps nothing.
  PublicApi(const Current<Hosting>& hosting, const DirectoryPublisher& publisher,
            const OhttpPublisher* ohttp, std::size_t pad_from, const Witness* witness = nullptr);

  // The endpoint for `head`, or the problem with it. Its handler borrows this object.
  [[nodiscard]] tl::expected<Endpoint, Response> find(const RequestHead& head);

  // Finishes what has begun in the logs. Requires: no endpoint is called any more.
  void close() { logs_.close(); }

 private:
  // The same for a caller who was let in.
  [[nodiscard]] tl::expected<Endpoint, Response> find_for(const Caller& caller,
                                                          std::shared_ptr<const Hosting> hosting,
                                                          const RequestHead& head);

  const Current<Hosting>& hosting_;
  RateLimiter limiter_{};
  const DirectoryPublisher& publisher_;
  const Witness* const witness_;
  LogApi logs_;
  OhttpApi ohttp_;
  RelayApi relay_;
  OpenApi openapi_{public_operations()};
};

}  // namespace kt::gateway
