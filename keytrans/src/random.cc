#include "keytrans/random.h"

#include <openssl/rand.h>

#include "keytrans/cipher_suite.h"

namespace kt::keytrans {

Result<void> fill_random(std::span<std::uint8_t> out) {
  if (RAND_bytes(out.data(), static_cast<int>(out.size())) != 1)
    return fail(Errc::unavailable, "the system has no randomness to give");
  return {};
}

Result<PrefixLeaf> padding_leaf() {
  KT_TRY(const HashValue key, random_bytes<kVrfOutputSize>());
  KT_TRY(const HashValue commitment, random_bytes<kHashSize>());
  return PrefixLeaf{key, commitment};
}

}  // namespace kt::keytrans
