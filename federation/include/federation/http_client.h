// Asks one origin over HTTP/1.1: a bounded request, a bounded answer, a deadline.
//
// Several requests may be under way, each on a connection of its own; more wait in line, as many as
// the options allow. A connection is kept for a later request. When it turns out to be closed
// before an answer came, a request that may be repeated (a GET, or one that changes nothing) goes
// out once more on a new one; no other is sent twice.
// Redirects are answers like any other, and answers have no content encoding.
//
// With TLS (1.2 or 1.3) the origin proves its name to the system's certificate authorities, or to
// those of a file, whatever address it has and whoever has said so.
//
// Source: RFC 9110, RFC 9112. Thread rule: the functions, and what they await, on one executor that
// runs one handler at a time (a strand, or a context run by one thread).
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/address.hpp>

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
  // When to give up, if that is before the client's own time is over.
  std::optional<std::chrono::steady_clock::time_point> deadline;
  Bytes body;
  bool changes_nothing = false;  // a POST that may be sent twice
};

struct HttpResponse {
  unsigned status = 0;
  std::string content_type;  // without parameters, in lower case; empty for none
  std::string etag;          // as it was sent, quotes included; empty for none
  std::string date;          // as it was sent; empty for none, as are the following
  std::string cache_control;
  std::optional<std::chrono::seconds> retry_after;
  Bytes body;
};

// The addresses of a host, in the order in which they are to be tried. Its errors are those of the
// request.
using FindAddresses =
    std::function<boost::asio::awaitable<Result<std::vector<boost::asio::ip::address>>>(
        std::string host, std::chrono::steady_clock::time_point deadline)>;

struct HttpClientOptions {
  std::chrono::milliseconds connect_timeout{3'000};  // name lookup, connection and TLS handshake
  std::chrono::milliseconds total_timeout{10'000};   // waiting in line, all of that, the exchange
  // How long a connection is kept that nothing is sent on. Shorter than servers keep theirs, so
  // that a request seldom meets a connection that is being closed.
  std::chrono::milliseconds idle_timeout{20'000};
  std::size_t connections = 1;  // requests that are under way at a time; not 0
  std::size_t waiting = 0;      // requests that may wait for one of those to end
  std::size_t response_limit = std::size_t{4} << 20;
  std::size_t header_limit = std::size_t{8} << 10;
  // PEM of the certificate authorities to believe; the system's when empty.
  std::filesystem::path authorities;
  // What the client shows for itself where it is asked: PEM of a certificate chain, its own first,
  // and of the key. Empty for none.
  std::filesystem::path certificate;
  std::filesystem::path private_key;
  // Asked for each new connection, in the place of the system, also where the URL's host is an
  // address; the connection is to one of the addresses that it gives. Empty for the system.
  FindAddresses find_addresses;
  // A unix socket to connect to in the place of the URL's host; empty for none. At most 107 bytes.
  std::filesystem::path socket;
};

class HttpClient {
 public:
  // Errors: unavailable when the certificate authorities, the certificate or its key cannot be
  // read; malformed when the path of the socket is too long.
  static Result<std::unique_ptr<HttpClient>> create(boost::asio::any_io_executor executor, Url url,
                                                    HttpClientOptions options = {});

  virtual ~HttpClient() = default;  // while nothing is awaited

  // Errors: unavailable when the origin cannot be reached, does not prove its name, or does not
  // answer in time, and at once when too many requests wait; malformed when the answer is not HTTP,
  // or larger than the limits; those of HttpClientOptions::find_addresses.
  virtual boost::asio::awaitable<Result<HttpResponse>> send(HttpRequest request) = 0;
};

}  // namespace kt::federation
