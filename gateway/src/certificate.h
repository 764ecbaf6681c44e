// The certificate of a server, and its key. Internal.
#pragma once

#include <filesystem>

#include "keytrans/result.h"

namespace kt::gateway {

// Whether the first certificate in the PEM file `certificate` is of the key in the PEM file
// `private_key`. Blocking.
// Errors: not_found; rejected when one is not a regular file, when group or others have any
// permission on the key, or when they are not of each other; malformed when one does not parse, or
// the key needs a password; unavailable when the system refuses.
Result<void> verify_key_pair(const std::filesystem::path& certificate,
                             const std::filesystem::path& private_key);

// Whether the PEM file `authorities` has a certificate. Blocking.
// Errors: those of verify_key_pair() for a certificate.
Result<void> verify_authorities(const std::filesystem::path& authorities);

}  // namespace kt::gateway
