// Asks one origin over HTTP/1.1: a bounded request, a bounded answer, a deadline.
//
// A connection is kept for the next request. When it turns out to be closed before an answer came,
// a request that may be repeated goes out once more on a new one; no other is sent twice.
// Redirects are answers like any other, and answers have no content encoding.
//
// With TLS (1.2 or 1.3) the origin proves its name to the system's certificate authorities, or to
// those of a file.
//
// Source: RFC 9110, RFC 9112. Thread rule: the functions, and what they await, on one executor that
// runs one handler at a time (a strand, or a context run by one thread).
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "federation/url.h"
#include "keytrans/bytes.h"

namespace kt::federation {

enum class HttpMethod : std::uint8_t { get, post };

struct HttpRequest {
  HttpMethod method = HttpMethod::get;
  std::string target;         // appended to the path of the origin's URL; begins with '/'
  std::string content_type;   // of a body
  std::string accept;         // empty for anything
  std::string bearer_token;   // empty for none
  std::string if_none_match;  // the entity tag of what is there already; empty for none
  Bytes body;
};

struct HttpResponse {
  unsigned status = 0;
  std::string content_type;  // without parameters, in lower case; empty for none
  std::string etag;          // as it was sent, quotes included; empty for none
  std::optional<std::chrono::seconds> retry_after;
  Bytes body;
};

struct HttpClientOptions {
  std::chrono::milliseconds connect_timeout{3'000};  // name lookup, connection and TLS handshake
  std::chrono::milliseconds total_timeout{10'000};   // all of that and the exchange
  std::size_t response_limit = std::size_t{4} << 20;
  std::size_t header_limit = std::size_t{8} << 10;
  // PEM of the certificate authorities to believe; the system's when empty.
  std::filesystem::path authorities;
  // A unix socket to connect to in the place of the URL's host; empty for none. At most 107 bytes.
  std::filesystem::path socket;
};

class HttpClient {
 public:
  // Errors: unavailable when the certificate authorities cannot be read; malformed when the path
  // of the socket is too long.
  static Result<std::unique_ptr<HttpClient>> create(boost::asio::any_io_executor executor, Url url,
                                                    HttpClientOptions options = {});

  virtual ~HttpClient() = default;  // while nothing is awaited

  // One request at a time.
  // Errors: unavailable when the origin cannot be reached, does not prove its name, or does not
  // answer in time; malformed when the answer is not HTTP, or larger than the limits.
  virtual boost::asio::awaitable<Result<HttpResponse>> send(HttpRequest request) = 0;
};

}  // namespace kt::federation
