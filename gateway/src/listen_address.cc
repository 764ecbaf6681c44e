#include "listen_address.h"

#include <arpa/inet.h>
#include <charconv>
#include <netinet/in.h>

namespace kt::gateway {
namespace {

bool parse_ipv4(const std::string& host, in_addr& parsed) {
  return inet_pton(AF_INET, host.c_str(), &parsed) == 1;
}
bool parse_ipv6(const std::string& host, in6_addr& parsed) {
  return inet_pton(AF_INET6, host.c_str(), &parsed) == 1;
}

bool is_literal(const std::string& host, bool bracketed) {
  if (host.find('\0') != std::string::npos) return false;
  in_addr ipv4{};
  in6_addr ipv6{};
  return bracketed ? parse_ipv6(host, ipv6) : parse_ipv4(host, ipv4);
}

}  // namespace

std::optional<ListenAddress> parse_listen_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  ListenAddress address{std::string(host), 0};
  if (!is_literal(address.host, bracketed)) return std::nullopt;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data() + colon + 1, end, address.port);
  if (error != std::errc() || rest != end) return std::nullopt;
  return address;
}

bool is_loopback(const std::string& host) {
  in_addr ipv4{};
  if (parse_ipv4(host, ipv4)) return ntohl(ipv4.s_addr) >> 24U == IN_LOOPBACKNET;
  in6_addr ipv6{};
  return parse_ipv6(host, ipv6) && IN6_IS_ADDR_LOOPBACK(&ipv6);
}

}  // namespace kt::gateway
