#include "listen_address.h"

#include <arpa/inet.h>
#include <charconv>
#include <netinet/in.h>

namespace kt::gateway {
namespace {

bool is_literal(const std::string& host, bool bracketed) {
  if (host.find('\0') != std::string::npos) return false;
  in6_addr address{};  // the larger one
  return inet_pton(bracketed ? AF_INET6 : AF_INET, host.c_str(), &address) == 1;
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

}  // namespace kt::gateway
