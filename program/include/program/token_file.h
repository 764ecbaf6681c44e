// Bearer tokens in files.
//
// Blocking. Thread rule: any thread.
#pragma once

#include <filesystem>

#include "keytrans/result.h"
#include "keytrans/secret.h"

namespace kt::program {

// The token in the first and only line of a file that its owner alone may read.
// Errors: those of keytrans::load_key_file(); malformed when it is not one line of printable
// characters.
Result<keytrans::SecretBytes> read_token_file(const std::filesystem::path& file);

}  // namespace kt::program
