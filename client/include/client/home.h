// The user's home domain, whose gateway passes on what its users ask other domains anonymously.
//
// Thread rule: plain values; the functions from any thread.
#pragma once

#include <filesystem>
#include <optional>

#include "client/state_directory.h"
#include "federation/domain.h"

namespace kt::client {

struct Home {
  federation::Domain domain;
  std::filesystem::path token_file;  // of the token by which its gateway knows the user; or empty

  friend bool operator==(const Home&, const Home&) = default;
};

// Nothing when there is none. Errors: those of StateDirectory; corrupt for what is none.
Result<std::optional<Home>> load_home(const StateDirectory& state);

// Nothing for none any more. Errors: those of StateDirectory; malformed for a path that is too
// long; unavailable when other processes change it again and again.
Result<void> store_home(const StateDirectory& state, const std::optional<Home>& home);

}  // namespace kt::client
