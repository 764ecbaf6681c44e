// The body of a request that is about labels of a log: one on each line, as `ktgate log erase`
// reads them. Internal.
//
// Thread rule: pure functions.
#pragma once

#include <string>
#include <vector>

#include "keytrans/result.h"
#include "keytrans/types.h"

namespace kt::gateway {

inline constexpr const char* kLabelsType = "application/jsonl";
// Of all lines.
inline constexpr std::size_t kMaxLabelsSize = std::size_t{1} << 20;

// Errors: malformed, with the line that is wrong and nothing of it.
Result<std::vector<Label>> parse_labels(ByteView body);

[[nodiscard]] Bytes format_labels(const std::vector<Label>& labels);

}  // namespace kt::gateway
