// The Oblivious HTTP gateway resource: /.well-known/ohttp-gateway. What is inside an encapsulated
// request is asked here in this process, as by somebody who is not known, and only what anonymous
// users may ask. Internal. docs/http-api.md, "Anonymous requests".
//
// What is wrong before a request is opened is answered to the relay; after that everything is
// sealed and padded, errors too. Nothing is remembered of a request: all that may be asked changes
// nothing, so that one that comes again is answered again.
//
// Thread rule: any thread, several at a time.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include <tl/expected.hpp>

#include "api_operation.h"
#include "hosting.h"
#include "http_message.h"
#include "log/clock.h"
#include "ohttp_publisher.h"

namespace kt::gateway {

inline constexpr std::string_view kOhttpPath = "/.well-known/ohttp-gateway";

// GET and POST.
[[nodiscard]] std::vector<ApiOperation> ohttp_operations();

class OhttpApi {
 public:
  // Finds the endpoint of what is inside, for somebody who is not known.
  using Find = std::function<tl::expected<Endpoint, Response>(std::shared_ptr<const Hosting>,
                                                              const RequestHead&)>;

  // Borrows `publisher`, which is null where Oblivious HTTP is not offered, and `clock`.
  OhttpApi(const OhttpPublisher* publisher, std::size_t pad_from, Find find,
           const log::Clock& clock = log::system_clock());

  // The endpoint for `head`, whose path is kOhttpPath, or the problem with it. Its handler borrows
  // this object.
  [[nodiscard]] tl::expected<Endpoint, Response> find(std::shared_ptr<const Hosting> hosting,
                                                      const RequestHead& head) const;

 private:
  [[nodiscard]] tl::expected<Endpoint, Response> keys_endpoint(const RequestHead& head) const;
  boost::asio::awaitable<Response> answer(std::shared_ptr<const PublishedOhttp> published,
                                          std::shared_ptr<const Hosting> hosting,
                                          federation::OhttpEncoding encoding,
                                          Request request) const;
  boost::asio::awaitable<Response> ask(std::shared_ptr<const Hosting> hosting, Bytes message) const;
  [[nodiscard]] Response date_problem() const;

  const OhttpPublisher* publisher_;
  std::size_t pad_from_;
  Find find_;
  const log::Clock& clock_;
};

// How large an answer of `size` bytes is made: the next of `least`, twice that, four times and so
// on. Requires: least > 0.
[[nodiscard]] std::size_t padded_size(std::size_t size, std::size_t least);

}  // namespace kt::gateway
