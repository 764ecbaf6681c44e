// A log at another gateway, asked over the HTTP binding (docs/http-api.md).
//
// What comes back is the log's bytes as they came, once they are the response that was asked for,
// by type and by form. Nothing of them is verified or kept; that is for whoever asked. What the
// other gateway says in words goes to nobody.
//
// A log that fails several times in a row is left alone for a while, longer each time, and then
// asked by one request first. A read that the connection failed is sent once more, within a budget.
// An update is never sent twice: it may have been done.
//
// ask() fails as LogService says: with unavailable also when the other gateway does not know the
// log or who asks, and with corrupt when what it answers is not the response to the request.
//
// Thread rule: that of LogService.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>

#include "federation/http_client.h"
#include "federation/url.h"
#include "keytrans/log_configuration.h"
#include "keytrans/secret.h"
#include "routing/log_service.h"

namespace kt::routing {

// What became of a request.
enum class RemoteOutcome : std::uint8_t {
  answered,     // with the response that was asked for
  refused,      // with an error that is about the request
  unavailable,  // not answered, or with an error that is about the log or its gateway
  invalid,      // with anything else
  held_back,    // not sent: the log is left alone now, or has enough requests
};
[[nodiscard]] std::string_view to_string(RemoteOutcome outcome);

struct RemoteLogOptions {
  federation::Url url;  // of the other gateway
  keytrans::LogConfiguration configuration;
  // What the other gateway knows us by: as the log's writer, for updates, and as somebody whose
  // rate it does not limit like a stranger's. Empty for none.
  keytrans::SecretBytes token{};
  // `connections` and `waiting` are the log's: with so many requests, the next one is refused.
  federation::HttpClientOptions http{};
  // Called with what became of each request, on any thread; must not wait.
  std::function<void(RemoteOutcome, std::chrono::nanoseconds)> observe{};
};

struct RemoteLogState {
  bool is_ejected = false;
  std::chrono::milliseconds left{0};  // how long it will be left alone, at least
  // What went wrong last, for the operator; empty when the last answer was one.
  std::string failure;
};

class RemoteLog : public LogService {
 public:
  // Connections are served by `executor`, which runs one handler at a time. Where that ends, what
  // is awaited here is never answered. Errors: those of federation::HttpClient::create().
  static Result<std::unique_ptr<RemoteLog>> create(const boost::asio::any_io_executor& executor,
                                                   RemoteLogOptions options);

  // The log's signature over the payload of a directory document of its domain. The other gateway
  // gives it to the one that has the log. Errors: those of ask(); rejected when it is for another
  // domain.
  virtual boost::asio::awaitable<Result<Bytes>> sign_directory(std::string payload) = 0;

  [[nodiscard]] virtual RemoteLogState state() const = 0;

  // Answers what waits with unavailable, and everything that is asked from now on. The executor may
  // have stopped.
  virtual void close() = 0;
};

}  // namespace kt::routing
