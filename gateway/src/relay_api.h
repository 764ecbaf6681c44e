// The endpoints of the relay: POST /relay/{domain} and GET /relay/{domain}/keys. Internal.
// docs/http-api.md, docs/federation.md.
//
// They are for users whom this gateway knows, each with a rate of their own and so many requests at
// a time. Who that is goes no further than this.
//
// Thread rule: any thread, several at a time.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "api_operation.h"
#include "hosting.h"
#include "http_message.h"
#include "rate_limiter.h"

namespace kt::gateway {

inline constexpr std::string_view kRelayPath = "/relay/";

class RelayApi {
 public:
  [[nodiscard]] static std::vector<ApiOperation> operations();

  // The endpoint for `head`, whose path begins with kRelayPath, or the problem with it. Its handler
  // borrows this object.
  [[nodiscard]] tl::expected<Endpoint, Response> find(std::shared_ptr<const Hosting> hosting,
                                                      const Caller& caller,
                                                      const RequestHead& head);

 private:
  // How many requests each user has under way; none who has none.
  class UnderWay {
   public:
    // Whether there is room for one more of `user`; it is counted then.
    bool begin(const std::string& user, unsigned most);
    void end(const std::string& user);

   private:
    std::mutex mutex_;
    std::map<std::string, unsigned> counts_;
  };
  // A request of a user, for as long as this is there.
  class Turn;
  struct Call;

  boost::asio::awaitable<Response> handle(std::shared_ptr<const Call> call, Request request);

  RateLimiter limiter_{};
  UnderWay under_way_;
};

}  // namespace kt::gateway
