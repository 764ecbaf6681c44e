// Members of objects of JSON, of exact types. Internal.
//
// Errors: malformed, with the member's name and nothing of what it says.
// Thread rule: pure functions.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>

#include <nlohmann/json.hpp>

#include "keytrans/types.h"

namespace kt::federation {

// `json` is an object, and has no members besides `names`.
Result<void> verify_members(const nlohmann::json& json, std::initializer_list<const char*> names);

// Requires of all that follow: `object` is one. Pointers live as long as it does.
Result<const nlohmann::json*> find_member(const nlohmann::json& object, const char* name);
Result<const nlohmann::json*> find_object(const nlohmann::json& object, const char* name);
// Of at least one element and at most `max_size`.
Result<const nlohmann::json*> find_array(const nlohmann::json& object, const char* name,
                                         std::size_t max_size);
Result<const std::string*> find_text(const nlohmann::json& object, const char* name);
// A string of 1 to 20 digits, which says a number in 64 bits and does not begin with 0.
Result<std::uint64_t> read_uint64(const nlohmann::json& object, const char* name);
Result<Bytes> read_base64url(const nlohmann::json& object, const char* name);
// In lower-case hexadecimal.
Result<LogId> read_log_id(const nlohmann::json& object, const char* name);

// What `json` itself says, which is called `name`.
Result<LogId> log_id_of(const nlohmann::json& json, const char* name);

}  // namespace kt::federation
