// The checksum of a record. Internal.
//
// XXH3, 64 bits: XXH3(value, seed = XXH3(key, seed = XXH3(name of the table))), so that a record
// that turns up under another key or in another table does not pass either. docs/formats.md.
#pragma once

#include <cstdint>
#include <string_view>

#include "keytrans/bytes.h"

namespace kt::store {

inline constexpr std::size_t kChecksumSize = 8;

// What the checksums of a table's records begin with.
[[nodiscard]] std::uint64_t table_seed(std::string_view name);

[[nodiscard]] std::uint64_t record_checksum(std::uint64_t table_seed, ByteView key, ByteView value);

}  // namespace kt::store
