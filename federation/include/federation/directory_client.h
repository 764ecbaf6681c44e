// Asks for a domain's directory document: at https://kt.DOMAIN/.well-known/key-transparency, or at
// the gateway that an operator has pinned. Redirects are not followed, and nothing else is tried.
//
// A document that has not changed is not sent again (RFC 9110, Section 13.1.2). Whether what is
// published is believed is for directory_succession.h to say.
//
// Thread rule: that of HttpClient.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "federation/directory_document.h"
#include "federation/http_client.h"

namespace kt::federation {

// What a domain's `/.well-known/key-transparency` is below.
[[nodiscard]] Url directory_url(const Domain& domain);

class DirectoryClient {
 public:
  // `url` is directory_url(), or what an operator has pinned. The limit of answers in `options` is
  // replaced by that of documents. Errors: those of HttpClient::create().
  static Result<DirectoryClient> create(boost::asio::any_io_executor executor, Domain domain,
                                        Url url, HttpClientOptions options = {});

  // What the domain publishes now. One at a time.
  // Errors: those of HttpClient::send() and DirectoryDocument::parse(); not_found when the origin
  // says that there is none (404); unavailable when it says that it cannot answer now (429, 5xx);
  // malformed for any other answer that is no document.
  boost::asio::awaitable<Result<DirectoryDocument>> fetch();

 private:
  struct Fetched {
    std::string etag;
    DirectoryDocument document;
  };

  DirectoryClient(Domain domain, std::unique_ptr<HttpClient> http);
  Result<DirectoryDocument> take(const HttpResponse& response);

  Domain domain_;
  std::unique_ptr<HttpClient> http_;
  std::optional<Fetched> last_;
};

}  // namespace kt::federation
