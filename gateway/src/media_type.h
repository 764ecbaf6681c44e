// Media types of the HTTP binding, and whether a client takes one. Internal.
//
// Source: docs/http-api.md, "Media types"; RFC 9110, Section 12.5.1.
#pragma once

#include <string_view>

#include "federation/media_type.h"

namespace kt::gateway {

using federation::media_type;

// Whether the field Accept, empty when it is missing, admits `type`.
[[nodiscard]] bool accepts(std::string_view accept, std::string_view type);

// Whether it admits `one` and weighs it more than `other`.
[[nodiscard]] bool prefers(std::string_view accept, std::string_view one, std::string_view other);

// The media type that a field Content-Type has, without parameters and in lower case.
[[nodiscard]] std::string lower_media_type(std::string_view field);

}  // namespace kt::gateway
