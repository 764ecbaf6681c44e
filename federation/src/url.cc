#include "federation/url.h"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <netinet/in.h>

#include <boost/url/parse.hpp>
#include <boost/url/url.hpp>

namespace kt::federation {
namespace {

constexpr std::uint16_t kHttpsPort = 443;
constexpr std::uint16_t kHttpPort = 80;

// A host is percent-decoded, and goes into requests: %0d%0a would end the line there.
bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
         std::string_view("-._:").find(c) != std::string_view::npos;
}

}  // namespace

std::string Url::authority() const {
  std::string text = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (port != (has_tls ? kHttpsPort : kHttpPort)) text += ":" + std::to_string(port);
  return text;
}

std::string Url::text() const { return (has_tls ? "https://" : "http://") + authority() + path; }

bool is_loopback(const std::string& host) {
  in_addr ipv4{};
  if (inet_pton(AF_INET, host.c_str(), &ipv4) == 1)
    return ntohl(ipv4.s_addr) >> 24U == IN_LOOPBACKNET;
  in6_addr ipv6{};
  return inet_pton(AF_INET6, host.c_str(), &ipv6) == 1 && IN6_IS_ADDR_LOOPBACK(&ipv6);
}

Result<Url> parse_url(std::string_view text) {
  const auto parsed = boost::urls::parse_uri({text.data(), text.size()});
  if (!parsed) return fail(Errc::malformed, "the URL cannot be read");
  if (parsed->has_userinfo() || parsed->has_query() || parsed->has_fragment())
    return fail(Errc::malformed, "the URL has more than a scheme, a host, a port and a path");
  boost::urls::url url(*parsed);
  url.normalize();
  Url result;
  if (url.scheme_id() == boost::urls::scheme::https) {
    result.has_tls = true;
  } else if (url.scheme_id() == boost::urls::scheme::http) {
    result.has_tls = false;
  } else {
    return fail(Errc::malformed, "the URL's scheme is neither https nor http");
  }
  result.host = url.host_address();
  if (url.host_type() == boost::urls::host_type::ipvfuture || result.host.empty() ||
      !std::all_of(result.host.begin(), result.host.end(), is_host_character))
    return fail(Errc::malformed, "the URL has no host that can be asked");
  result.port = result.has_tls ? kHttpsPort : kHttpPort;
  if (url.has_port() && !url.port().empty()) {
    const std::string_view port(url.port().data(), url.port().size());
    const auto [end, code] = std::from_chars(port.data(), port.data() + port.size(), result.port);
    if (code != std::errc() || end != port.data() + port.size() || result.port == 0)
      return fail(Errc::malformed, "the URL's port is none");
  }
  result.path = std::string(url.encoded_path());
  // Of 127.0.0.1%00.example.com Boost.URL 1.81 makes an address and a path.
  if (!result.path.empty() && !result.path.starts_with('/'))
    return fail(Errc::malformed, "the URL cannot be read");
  while (result.path.ends_with('/')) result.path.pop_back();
  return result;
}

}  // namespace kt::federation
