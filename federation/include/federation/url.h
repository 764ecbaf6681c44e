// Where a party's gateway is: https://kt.example.com:8443/base.
//
// Thread rule: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "keytrans/result.h"

namespace kt::federation {

struct Url {
  bool has_tls = true;
  std::string host;  // a name in lower case, or an IP address without brackets
  std::uint16_t port = 443;
  std::string path;  // of what is below it: empty, or begins with '/' and does not end with one

  // What a request's Host field says: the port is left out when it is the scheme's own.
  [[nodiscard]] std::string authority() const;

  // That parse_url() reads this of.
  [[nodiscard]] std::string text() const;

  friend bool operator==(const Url&, const Url&) = default;
};

// Whether only this machine reaches `host`: an address of the loopback interface. A name is none,
// for what it stands for can change.
[[nodiscard]] bool is_loopback(const std::string& host);

// The schemes are https and http. Errors: malformed for anything else, and for a URL with user
// information, a query or a fragment (RFC 3986).
Result<Url> parse_url(std::string_view text);

}  // namespace kt::federation
