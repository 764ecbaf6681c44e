// An HTTP client for many threads: requests go out on one executor, and each answer comes back to
// whoever awaits it.
//
// Thread rule: any thread, several requests at a time. What is awaited goes on on the executor of
// whoever awaits.
#pragma once

#include <memory>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "federation/http_client.h"

namespace kt::routing {

class SharedClient {
 public:
  // Connections are served by `executor`, which runs one handler at a time. Where that ends, what
  // is awaited here is answered by close() alone. Errors: those of
  // federation::HttpClient::create().
  static Result<std::unique_ptr<SharedClient>> create(const boost::asio::any_io_executor& executor,
                                                      federation::Url url,
                                                      const federation::HttpClientOptions& options);

  SharedClient() = default;
  SharedClient(const SharedClient&) = delete;
  SharedClient& operator=(const SharedClient&) = delete;
  virtual ~SharedClient() = default;  // while nothing is awaited

  // Errors: those of federation::HttpClient::send(); unavailable once this is closed.
  virtual boost::asio::awaitable<Result<federation::HttpResponse>> send(
      federation::HttpRequest request) = 0;

  // Answers what waits with unavailable, and everything that is sent from now on. The executor may
  // have stopped.
  virtual void close() = 0;
};

}  // namespace kt::routing
