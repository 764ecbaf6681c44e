// The endpoints of the logs that a gateway holds, or asks at other gateways: the draft's requests
// in, the draft's responses out, untouched. Internal. docs/http-api.md lists them.
//
// Thread rule: any thread, several at a time.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include <boost/asio/thread_pool.hpp>
#include <tl/expected.hpp>

#include "access.h"
#include "api_operation.h"
#include "directory_publisher.h"
#include "hosting.h"
#include "http_message.h"

namespace kt::gateway {

class LogApi {
 public:
  // The endpoint of a log of `hosting` for `head` of `caller`, or the problem with it. Its handler
  // borrows this object.
  [[nodiscard]] tl::expected<Endpoint, Response> find(std::shared_ptr<const Hosting> hosting,
                                                      const PublishedDirectories& published,
                                                      const Caller& caller,
                                                      const RequestHead& head);

  // All that there are.
  [[nodiscard]] static std::vector<ApiOperation> operations();

  // Finishes what has begun in the logs. Requires: no endpoint is called any more.
  void close() { blocking_.join(); }

 private:
  struct Operation;
  static std::span<const Operation> table();
  static ApiOperation describe(const Operation& operation);
  static std::optional<Response> refuse_early(const Hosting& hosting, const Caller& caller,
                                              const HostedLog& hosted, const Operation& operation);

  // What a request is for, from its header to its answer.
  struct Call;
  struct Asked;
  struct Body;
  static Result<Body> read_body(const Call& call, const Request& request);

  boost::asio::awaitable<Response> handle(std::shared_ptr<const Call> call, Request request);
  static boost::asio::awaitable<Response> answer(std::shared_ptr<const Call> call, Request request);
  static boost::asio::awaitable<Response> ask(std::shared_ptr<const Call> call, Request request);
  static boost::asio::awaitable<Response> ask_if_allowed(std::shared_ptr<const Call> call,
                                                         Asked asked, OpenAdmission open);
  static boost::asio::awaitable<Response> ask_log(std::shared_ptr<const Call> call, Asked asked);
  static Result<Bytes> sign_directory(const HostedLog& hosted, ByteView body);
  boost::asio::awaitable<Response> sign(std::shared_ptr<const Call> call, Request request);
  boost::asio::awaitable<Response> auditor_head(std::shared_ptr<const Call> call, Request request);

  boost::asio::thread_pool blocking_{2};  // for what waits for the disk
};

}  // namespace kt::gateway
