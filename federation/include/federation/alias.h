// What an operator calls a log, in place of its LogId.
//
// Thread rule: a pure function.
#pragma once

#include <string_view>

namespace kt::federation {

// Whether `text` is 1 to 64 of a-z, 0-9 and -, and no LogId in hexadecimal.
[[nodiscard]] bool is_alias(std::string_view text);

}  // namespace kt::federation
