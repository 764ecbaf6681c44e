// The endpoints of the logs that a gateway holds: the draft's requests in, the draft's responses
// out, untouched. Internal. docs/http-api.md lists them.
//
// Thread rule: any thread, several at a time.
#pragma once

#include <memory>
#include <string_view>
#include <utility>

#include <boost/asio/thread_pool.hpp>
#include <tl/expected.hpp>

#include "current.h"
#include "hosting.h"
#include "http_message.h"

namespace kt::gateway {

class LogApi {
 public:
  explicit LogApi(std::shared_ptr<const Hosting> hosting) : hosting_(std::move(hosting)) {}

  // The endpoint for `head`, or the problem with it. Its handler borrows this object.
  [[nodiscard]] tl::expected<Endpoint, Response> find(const RequestHead& head);

  [[nodiscard]] std::shared_ptr<const Hosting> hosting() const { return hosting_.snapshot(); }
  // What is asked from now on is answered as `hosting` says; what was asked before, as it was then.
  void replace(std::shared_ptr<const Hosting> hosting) { hosting_.replace(std::move(hosting)); }
  // Finishes what has begun in the logs. Requires: no endpoint is called any more.
  void close() { blocking_.join(); }

 private:
  struct Operation;
  static const Operation* operation(std::string_view name);
  static std::optional<Response> admit(const Principals& principals, const HostedLog& hosted,
                                       const Operation& operation, const RequestHead& head);

  boost::asio::awaitable<Response> handle(const HostedLog& hosted, const Operation& operation,
                                          Request request);
  static boost::asio::awaitable<Response> read(const HostedLog& hosted, const Operation& operation,
                                               Request request);
  static boost::asio::awaitable<Response> update(const HostedLog& hosted, const Request& request);
  template <class Message>
  static boost::asio::awaitable<Response> submit(log::Log& log, Result<Message> decoded);
  boost::asio::awaitable<Response> auditor_head(const HostedLog& hosted, Request request);

  Current<Hosting> hosting_;
  boost::asio::thread_pool blocking_{2};  // for what waits for the disk
};

}  // namespace kt::gateway
