// The labels of an old log that does not tell them, from a file. Internal.
//
// The file has a label a line, as `ktgate log erase` reads them, or is what `ktgate log export`
// writes; what belongs to the gateways is passed over in the latter, where it has to be.
//
// Blocking. Thread rule: any thread.
#pragma once

#include <filesystem>

#include "keytrans/result.h"

namespace kt::gateway {

// Has the gateway at `socket` go by the labels in `file`, or "-" for standard input, when labels of
// `domain` are moved. Result: how many there are. Errors, with the line: malformed; those of
// post_to_admin(). What was sent before an error is no list yet.
Result<std::uint64_t> send_labels(const std::filesystem::path& socket, const std::string& domain,
                                  const std::filesystem::path& file);

}  // namespace kt::gateway
