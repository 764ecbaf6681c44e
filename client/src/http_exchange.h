// Requests over HTTP, with connections that are kept. Internal.
//
// Thread rule: one thread at a time.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "client/transport.h"
#include "federation/http_client.h"

namespace kt::client {

// The error of an answer that is none, in the other side's words as far as they can be shown.
[[nodiscard]] Error problem_of(const federation::HttpResponse& response);

class HttpExchange {
 public:
  // `timeout` is for connection and exchange.
  explicit HttpExchange(std::chrono::milliseconds timeout) : timeout_(timeout) {}

  // The answer, whatever its status; one that says when to ask again is heeded within the timeout.
  // Errors: unavailable when the origin cannot be reached; verification_failed for what is no HTTP.
  Result<federation::HttpResponse> send(const Origin& origin,
                                        const federation::HttpRequest& request);

  [[nodiscard]] federation::HttpClientOptions options_of(const Origin& origin) const;
  [[nodiscard]] boost::asio::any_io_executor executor() { return context_.get_executor(); }

  template <class T>
  Result<T> run(boost::asio::awaitable<Result<T>> awaited) {
    std::optional<Result<T>> result;
    auto done =
        boost::asio::co_spawn(context_, keep(std::move(awaited), &result), boost::asio::use_future);
    context_.restart();
    context_.run();
    done.get();
    return *std::move(result);
  }

 private:
  // Where co_spawn() would want a T that can be made of nothing.
  template <class T>
  static boost::asio::awaitable<void> keep(boost::asio::awaitable<Result<T>> awaited,
                                           std::optional<Result<T>>* kept) {
    auto result = co_await std::move(awaited);
    kept->emplace(std::move(result));
  }

  Result<federation::HttpClient*> client_of(const Origin& origin);

  std::chrono::milliseconds timeout_;
  boost::asio::io_context context_;
  std::map<std::pair<std::string, std::string>, std::unique_ptr<federation::HttpClient>> clients_;
};

}  // namespace kt::client
