#include "client/transport.h"
#include "federation/directory_client.h"
#include "federation/media_type.h"
#include "http_exchange.h"
#include "peer.h"

namespace kt::client {
namespace {

using federation::HttpResponse;

constexpr unsigned kOk = 200;

class HttpTransport final : public Transport {
 public:
  explicit HttpTransport(std::chrono::milliseconds timeout) : exchange_(timeout) {}

  Result<Bytes> post(const Origin& origin, const Question& question) override {
    federation::HttpRequest request;
    request.method = federation::HttpMethod::post;
    request.target = question.target;
    request.content_type = federation::media_type(question.body_message());
    request.accept = federation::media_type(question.operation + "-response");
    request.bearer_token = question.token;
    request.body = question.body;
    request.changes_nothing = question.changes_nothing;
    KT_TRY(HttpResponse response, exchange_.send(origin, request));
    if (response.status != kOk) return tl::unexpected<Error>(problem_of(response));
    if (response.content_type != request.accept)
      return fail(Errc::verification_failed, "the answer is not of the type that was asked for");
    return std::move(response.body);
  }

  Result<federation::DirectoryDocument> fetch(const Origin& origin,
                                              const federation::Domain& domain) override {
    auto client = federation::DirectoryClient::create(exchange_.executor(), domain, origin.url,
                                                      exchange_.options_of(origin));
    if (!client) return fail_in(origin.url.authority(), std::move(client).error());
    return of_peer(exchange_.run<federation::DirectoryDocument>(client->fetch()),
                   origin.url.authority());
  }

 private:
  HttpExchange exchange_;
};

}  // namespace

std::unique_ptr<Transport> make_http_transport(std::chrono::milliseconds timeout) {
  return std::make_unique<HttpTransport>(timeout);
}

}  // namespace kt::client
