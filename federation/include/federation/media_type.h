// Media types of the HTTP binding.
//
// Source: docs/http-api.md, "Media types". Thread rule: a pure function.
#pragma once

#include <string>
#include <string_view>

namespace kt::federation {

// "application/vnd.ktgate.search-request" for "search-request".
[[nodiscard]] inline std::string media_type(std::string_view message) {
  return "application/vnd.ktgate." + std::string(message);
}

}  // namespace kt::federation
