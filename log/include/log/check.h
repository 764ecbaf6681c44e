// What can be said of a log without opening its database, which may be open elsewhere.
//
// Thread rule: any thread; nothing is held between calls.
#pragma once

#include "keytrans/log_configuration.h"
#include "log/log.h"

namespace kt::log {

// The configuration of the log in `directory`, from the file that clients get, if a log of this
// configuration can be opened with `options` as far as its private keys and padding go. Looks at no
// record. Blocking.
// Errors: not_found when there is no log; malformed for a configuration that is none; rejected when
// the private keys are not the log's, or the padding is not for it; those of the key files.
Result<keytrans::LogConfiguration> check_log(const std::filesystem::path& directory,
                                             const LogOptions& options);

}  // namespace kt::log
