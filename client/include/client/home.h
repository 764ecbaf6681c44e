// The user's home domain, whose gateway passes on what its users ask other domains anonymously, and
// another domain that knows the user and does so for what they ask the home domain.
//
// Thread rule: plain values; the functions from any thread.
#pragma once

#include <filesystem>
#include <optional>

#include "client/state_directory.h"
#include "federation/domain.h"

namespace kt::client {

// A domain whose gateway has a relay for the user.
struct RelayAccess {
  federation::Domain domain;
  std::filesystem::path token_file;  // of the token by which its gateway knows the user; or empty

  friend bool operator==(const RelayAccess&, const RelayAccess&) = default;
};

struct Home {
  RelayAccess own;                       // the home domain
  std::optional<RelayAccess> elsewhere;  // another one

  // Through whom `domain` can be asked. Errors: rejected for the home domain, when there is nobody
  // elsewhere: its gateway would be its own relay, and learn who asks and what.
  [[nodiscard]] Result<RelayAccess> access_to(const federation::Domain& domain) const;

  // As it is kept: docs/client.md. Errors: malformed for a path that is too long, or when both are
  // of one domain.
  [[nodiscard]] Result<Bytes> encode() const;
  // Errors: corrupt for what is none.
  static Result<Home> decode(ByteView bytes);

  friend bool operator==(const Home&, const Home&) = default;
};

// Nothing when there is none. Errors: those of StateDirectory; corrupt for what is none.
Result<std::optional<Home>> load_home(const StateDirectory& state);

// Nothing for none any more. Errors: those of StateDirectory and Home::encode(); unavailable when
// other processes change it again and again.
Result<void> store_home(const StateDirectory& state, const std::optional<Home>& home);

}  // namespace kt::client
