// The query of a request's target: "start=5&limit=10". Internal.
//
// Thread rule: pure functions.
#pragma once

#include <string_view>
#include <vector>

namespace kt::gateway {

// What stands for `name` in `query`, in order, as it came; nothing is decoded.
[[nodiscard]] std::vector<std::string_view> find_in_query(std::string_view query,
                                                          std::string_view name);

}  // namespace kt::gateway
