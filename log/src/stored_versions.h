// The tables of versions and values, read from end to end. Internal.
#pragma once

#include <functional>

#include "records.h"
#include "store/store.h"

namespace kt::log {

// What a record of the tables `versions` and `values` is about.
struct LabelVersion {
  Label label;
  Version version;
};

// Errors: corrupt.
Result<LabelVersion> parse_version_key(ByteView key);

// Calls `visit` for each record of `table`, one of the two, after the one for `after`, in the order
// of version_key(), with no snapshot taken. Stops at the first error, which is then the result.
using VersionVisitor = std::function<Result<void>(const LabelVersion&, ByteView value)>;
Result<void> visit_versions(const store::Store& store, store::Table table,
                            const std::optional<LabelVersion>& after, const VersionVisitor& visit);

}  // namespace kt::log
