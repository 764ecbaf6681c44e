#include "federation/directory_client.h"

#include <utility>

namespace kt::federation {
namespace {

constexpr const char* kJson = "application/json";

}  // namespace

Url directory_url(const Domain& domain) { return {true, "kt." + domain.text(), 443, ""}; }

DirectoryClient::DirectoryClient(Domain domain, std::unique_ptr<HttpClient> http)
    : domain_(std::move(domain)), http_(std::move(http)) {}

Result<DirectoryClient> DirectoryClient::create(boost::asio::any_io_executor executor,
                                                Domain domain, Url url, HttpClientOptions options) {
  options.response_limit = DirectoryDocument::kMaxSize;
  KT_TRY(auto http, HttpClient::create(std::move(executor), std::move(url), std::move(options)));
  return DirectoryClient(std::move(domain), std::move(http));
}

boost::asio::awaitable<Result<DirectoryDocument>> DirectoryClient::fetch() {
  HttpRequest request;
  request.target = "/.well-known/key-transparency?domain=" + domain_.text();
  request.accept = kJson;
  if (last_) request.if_none_match = last_->etag;
  auto response = co_await http_->send(std::move(request));
  if (!response) co_return tl::unexpected<Error>(std::move(response).error());
  co_return take(*response);
}

Result<DirectoryDocument> DirectoryClient::take(const HttpResponse& response) {
  if (response.status == 304 && last_ && !last_->etag.empty()) return last_->document;
  const std::string answer = "the origin answered with status " + std::to_string(response.status);
  if (response.status == 404) return fail(Errc::not_found, answer);
  if (response.status == 429 || response.status >= 500) return fail(Errc::unavailable, answer);
  if (response.status != 200) return fail(Errc::malformed, answer);
  if (response.content_type != kJson)
    return fail(Errc::malformed, "the origin answered with something besides JSON");
  const std::string text(response.body.begin(), response.body.end());
  KT_TRY(DirectoryDocument document, DirectoryDocument::parse(text, domain_));
  last_.emplace(Fetched{response.etag, document});
  return document;
}

}  // namespace kt::federation
