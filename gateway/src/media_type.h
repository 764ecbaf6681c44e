// Media types of the HTTP binding, and whether a client takes one. Internal.
//
// Source: docs/http-api.md, "Media types"; RFC 9110, Section 12.5.1.
#pragma once

#include <string>
#include <string_view>

namespace kt::gateway {

// "application/vnd.ktgate.search-request" for "search-request".
[[nodiscard]] std::string media_type(std::string_view message);

// Whether the field Accept, empty when it is missing, admits `type`. Preferences beyond yes and no
// play no part, as there is one representation.
[[nodiscard]] bool accepts(std::string_view accept, std::string_view type);

}  // namespace kt::gateway
