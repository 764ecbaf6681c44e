// The other side of an HTTP client: requests with a body, one after the other on a connection.
#pragma once

#include <string>
#include <string_view>

#include "keytrans/bytes.h"
#include "loopback.h"

namespace kt {

struct ReadRequest {
  std::string head;  // with the empty line; empty when no more requests come
  Bytes body;

  [[nodiscard]] std::string target() const {
    const std::size_t begin = head.find(' ') + 1;
    return head.substr(begin, head.find(' ', begin) - begin);
  }
};

inline ReadRequest read_request(const LoopbackConnection& connection) {
  std::string text = connection.read_until("\r\n\r\n");
  const std::size_t end = text.find("\r\n\r\n");
  if (end == std::string::npos) return {};
  ReadRequest request{text.substr(0, end + 4), {}};
  constexpr std::string_view kLength = "Content-Length: ";
  const std::size_t length = request.head.find(kLength);
  std::string body = text.substr(end + 4);
  if (length != std::string::npos) {
    const std::size_t size = std::stoul(request.head.substr(length + kLength.size()));
    while (body.size() < size) {
      const std::string more = connection.read_some();
      if (more.empty()) return {};
      body += more;
    }
  }
  request.body = to_bytes(body);
  return request;
}

inline std::string http_answer(unsigned status, std::string_view type, const std::string& body) {
  return "HTTP/1.1 " + std::to_string(status) + " Any\r\nContent-Type: " + std::string(type) +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace kt
