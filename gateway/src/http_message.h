// What the HTTP service's endpoints see of HTTP: requests in, answers out. Internal.
//
// Thread rule: plain values.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "keytrans/bytes.h"

namespace kt::gateway {

enum class Method : std::uint8_t { get, post };

// Whose connection a request came on.
struct Client {
  // The network that rate limits count by: the bytes of an IPv4 address, or the first 8 of an IPv6
  // address. Empty at a unix socket.
  std::string network;
  // What its certificate was issued for, as far as it has shown one that listen.client_authorities
  // have signed.
  std::vector<std::string> hosts;
  std::vector<std::string> identities;  // mail addresses and URIs
};

// A request before its body was read.
struct RequestHead {
  Method method = Method::get;
  std::string path;          // begins with '/'; as it came, nothing is decoded
  std::string query;         // what follows '?', as it came
  std::string content_type;  // without parameters, in lower case; empty for none
  std::string accept;
  std::string if_none_match;
  std::optional<std::string> bearer_token;
  Client client{};
};

struct Request {
  RequestHead head;
  Bytes body;
};

struct Response {
  unsigned status = 200;
  std::string content_type;  // empty without a body
  Bytes body;
  std::vector<std::pair<std::string, std::string>> headers{};
};

// What answers one kind of request.
struct Endpoint {
  std::string_view name;     // in metrics; one of a few, which live as long as the program
  std::string content_type;  // of the request's body
  std::size_t body_limit = 0;
  std::function<boost::asio::awaitable<Response>(Request)> handle;
};

}  // namespace kt::gateway
