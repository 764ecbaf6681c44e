// Entity tags: how somebody who asks again learns that nothing has changed. Internal.
//
// Source: RFC 9110, Sections 8.8.3 and 13.1.2. Thread rule: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "keytrans/bytes.h"

namespace kt::gateway {

// The strong tag of a representation with these bytes, in quotes: the same wherever it is served.
[[nodiscard]] std::string entity_tag(ByteView representation);

// Whether `if_none_match`, the value of the field, has `tag`, which has no comma.
[[nodiscard]] bool has_tag(std::string_view if_none_match, std::string_view tag);

}  // namespace kt::gateway
