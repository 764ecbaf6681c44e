// The payload of a directory document: the JSON of a Directory. Internal.
//
// Thread rule: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "federation/directory.h"

namespace kt::federation {

// Errors: malformed when a configuration has fields that cannot be encoded.
Result<std::string> format_directory(const Directory& directory);

// Errors: those of DirectoryDocument::parse(), of the payload.
Result<Directory> parse_directory(std::string_view payload);

}  // namespace kt::federation
