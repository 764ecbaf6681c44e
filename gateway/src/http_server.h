// The HTTP/1.1 service: takes connections, reads requests within limits, and writes what the
// endpoints answer. Internal.
//
// Everything that comes is bounded in size and time. A request that cannot be read as RFC 9112 has
// it is answered with its error, and the connection closed, for nobody knows where the next request
// would begin. Bodies have a Content-Length; there are no content or transfer encodings.
//
// Source: docs/http-api.md, "Limits"; RFC 9110, RFC 9112.
//
// Thread rule: start(), reload() and drain() from one thread, is_draining() and metrics() from any;
// the endpoints are called from the server's threads, several at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <tl/expected.hpp>

#include "configuration.h"
#include "http_message.h"
#include "http_metrics.h"

namespace kt::gateway {

// The endpoint for a request, or what to answer at once.
using FindEndpoint = std::function<tl::expected<Endpoint, Response>(const RequestHead&)>;

// A request that was answered.
struct Answered {
  std::string_view endpoint;  // Endpoint::name
  unsigned status;
  // How long the endpoint took; nothing when the request was refused before it was asked.
  std::optional<std::chrono::nanoseconds> time;
  std::size_t bytes;  // of the answer's body
};
// Called before the answer is sent, from the server's threads.
using ObserveAnswer = std::function<void(const Answered&)>;

class HttpServer {
 public:
  // Listens and answers until it goes. Borrows what `find` and `observe` borrow.
  // Errors: unavailable when the address, the certificate or the key cannot be used.
  static Result<std::unique_ptr<HttpServer>> start(const ListenConfiguration& listen,
                                                   const LimitsConfiguration& limits,
                                                   FindEndpoint find, ObserveAnswer observe = {});
  // The same at a unix socket, to which its owner alone may connect, or a group. The socket that a
  // dead process has left is replaced; ours stays when this process ends.
  // Errors: as above; conflict when another process takes connections there; rejected when what is
  // there is no socket; not_found when there is no such group.
  static Result<std::unique_ptr<HttpServer>> start(const AdminConfiguration& admin,
                                                   const LimitsConfiguration& limits,
                                                   FindEndpoint find);

  // Ends what drain() has left. What the endpoints called may still call back until it is gone.
  virtual ~HttpServer() = default;

  // Has connections that come from now on use this certificate and key, and these limits. Those
  // there are go on with what they began with. Address, port and threads stay what they are.
  // Errors: as start() says of the certificate and the key, and then nothing has changed.
  virtual Result<void> reload(const ListenConfiguration& listen,
                              const LimitsConfiguration& limits) = 0;

  // The port, which matters where any was asked for; 0 at a unix socket.
  [[nodiscard]] virtual std::uint16_t port() const = 0;

  // Takes no more connections, answers the requests that have come, and closes each connection
  // after that. Blocking, until there is none or LimitsConfiguration::drain_timeout has passed.
  virtual void drain() = 0;
  [[nodiscard]] virtual bool is_draining() const = 0;

  [[nodiscard]] virtual const HttpMetrics& metrics() const = 0;
};

}  // namespace kt::gateway
