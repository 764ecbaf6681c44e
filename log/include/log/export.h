// Every value that a log has, for a copy in a form of one's own.
//
// Thread rule: any thread; nothing is held between calls.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>

#include "keytrans/log_configuration.h"

namespace kt::log {

struct ExportedVersion {
  Label label;
  Version version;
  keytrans::UpdateValue value;
};

// Where an export goes on.
struct ExportPosition {
  Label label;
  Version version;
};

// Calls `visit` for each label-version of the log in `directory` that has a value, after the one at
// `after`: shorter labels first, those of one length byte by byte, then by version. Skipped, pruned
// and erased versions have no value. No snapshot is kept while `visit` runs, so it may take its
// time; its first error ends the export and is the result. Blocking; the log stays as it is.
// Errors: not_found when there is no log; conflict when it is open; rejected for a format that is
// not ours; corrupt when a record is damaged.
using ExportVisitor = std::function<Result<void>(const ExportedVersion&)>;
Result<void> export_log(const std::filesystem::path& directory,
                        const std::optional<ExportPosition>& after, const ExportVisitor& visit);

}  // namespace kt::log
