#include "federation/url.h"

#include <charconv>

#include <boost/url/parse.hpp>
#include <boost/url/url.hpp>

namespace kt::federation {
namespace {

constexpr std::uint16_t kHttpsPort = 443;
constexpr std::uint16_t kHttpPort = 80;

}  // namespace

std::string Url::authority() const {
  std::string text = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (port != (has_tls ? kHttpsPort : kHttpPort)) text += ":" + std::to_string(port);
  return text;
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
  if (url.host_type() == boost::urls::host_type::ipvfuture || url.host_address().empty())
    return fail(Errc::malformed, "the URL has no host that can be asked");
  result.host = url.host_address();
  result.port = result.has_tls ? kHttpsPort : kHttpPort;
  if (url.has_port() && !url.port().empty()) {
    const std::string_view port(url.port().data(), url.port().size());
    const auto [end, code] = std::from_chars(port.data(), port.data() + port.size(), result.port);
    if (code != std::errc() || end != port.data() + port.size() || result.port == 0)
      return fail(Errc::malformed, "the URL's port is none");
  }
  result.path = std::string(url.encoded_path());
  while (result.path.ends_with('/')) result.path.pop_back();
  return result;
}

}  // namespace kt::federation
