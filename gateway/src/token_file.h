// A bearer token (RFC 6750) in a file of its own, for its owner alone. Internal.
//
// Thread rule: a pure function of the file.
#pragma once

#include <filesystem>

#include "keytrans/result.h"
#include "keytrans/secret.h"

namespace kt::gateway {

// Without the end of its line. Blocking. Errors: those of keytrans::load_key_file(); malformed when
// it is not one line of printable characters.
Result<keytrans::SecretBytes> read_token(const std::filesystem::path& file);

}  // namespace kt::gateway
