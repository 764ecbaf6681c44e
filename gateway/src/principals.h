// Who asks, as far as a bearer token (RFC 6750) or a certificate (mutual TLS) tells. Internal.
//
// Tokens are kept as their SHA-256 only, and found by it, so what a comparison's time tells is
// about the hash and not about the token.
//
// Thread rule: any thread; nothing changes after it was made.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "configuration.h"
#include "http_message.h"
#include "rate_limiter.h"

namespace kt::gateway {

struct Caller {
  std::optional<std::string> principal;  // the name
  // What it showed, and is no principal's token: for the authoriser to judge, and nobody else.
  std::optional<std::string> unknown_token;
  bool has_certificate = false;
  // That its certificate names.
  std::vector<std::string> hosts;
  std::vector<std::string> identities;
  // What rate limits know the caller by, and what it may.
  std::string rate_key;
  Rate rate;

  [[nodiscard]] bool is_known() const { return principal || has_certificate; }
};

class Principals {
 public:
  Principals(const std::vector<PrincipalConfiguration>& principals,
             const LimitsConfiguration& limits);

  // Who sends `head`: the principal whose token it has, or else the first one that its certificate
  // names. Who shows a token that is nobody's is not known, whatever the certificate says.
  [[nodiscard]] Caller identify(const RequestHead& head) const;

 private:
  struct Principal {
    std::string name;
    Rate rate;
  };

  [[nodiscard]] const Principal* find_by_certificate(const Client& client) const;

  std::map<HashValue, Principal> by_token_;
  std::map<std::string, Principal, std::less<>> by_certificate_;
  Rate others_;
};

}  // namespace kt::gateway
