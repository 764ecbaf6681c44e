// Where a server listens, as people write it: `127.0.0.1:8443`, `[::1]:0`. Internal.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kt::gateway {

struct ListenAddress {
  std::string host;  // without brackets
  std::uint16_t port;

  friend bool operator==(const ListenAddress&, const ListenAddress&) = default;
};

// Nothing when `text` is not an IP literal, with brackets if it is of IPv6, and a port. A name is
// none: what it stands for can change.
[[nodiscard]] std::optional<ListenAddress> parse_listen_address(std::string_view text);

}  // namespace kt::gateway
