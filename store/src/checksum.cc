#include "checksum.h"

#include <xxhash.h>

namespace kt::store {

std::uint64_t table_seed(std::string_view name) { return XXH3_64bits(name.data(), name.size()); }

std::uint64_t record_checksum(std::uint64_t table_seed, ByteView key, ByteView value) {
  const std::uint64_t seed = XXH3_64bits_withSeed(key.data(), key.size(), table_seed);
  return XXH3_64bits_withSeed(value.data(), value.size(), seed);
}

}  // namespace kt::store
