// Figures for people. Internal.
#pragma once

#include <cstdint>
#include <string>

namespace kt::gateway {

// "17.1 MiB"
[[nodiscard]] std::string format_bytes(std::uint64_t bytes);

}  // namespace kt::gateway
