// A directory that is there completely or not at all.
#pragma once

#include <filesystem>
#include <functional>

#include "keytrans/result.h"

namespace kt::store {

// Makes `path`, for its owner only: under another name, which ends in .new, until `fill` has put
// everything into it, then under its own. Blocking; durable when it returns.
// Errors: conflict when something is at either name already; those of `fill`; unavailable when the
// system refuses. Nothing is left behind then.
Result<void> make_directory(const std::filesystem::path& path,
                            const std::function<Result<void>(const std::filesystem::path&)>& fill);

}  // namespace kt::store
