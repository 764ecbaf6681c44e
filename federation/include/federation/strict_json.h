// JSON of others, of which nothing is guessed.
//
// Thread rule: a pure function.
#pragma once

#include <cstddef>
#include <string_view>

#include <nlohmann/json.hpp>

#include "keytrans/result.h"

namespace kt::federation {

// How many objects and arrays may be open at a time.
inline constexpr std::size_t kMaxJsonDepth = 8;

// Memory and time are in proportion to the size of `text`, which the caller bounds.
// Errors: malformed when `text` is not JSON (RFC 8259) in UTF-8, is nested deeper than
// kMaxJsonDepth, has an object with two members of one name, or a number beyond what a double
// holds; with what is wrong and nothing of what is there.
Result<nlohmann::json> parse_json(std::string_view text);

}  // namespace kt::federation
