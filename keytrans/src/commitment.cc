#include "keytrans/commitment.h"

#include <array>

#include "keytrans/hash.h"

namespace kt::keytrans {
namespace {

// Kc, the same in both cipher suites ("KT Cipher Suites").
constexpr std::array<std::uint8_t, 16> kCommitmentKey{
    0xd8, 0x21, 0xf8, 0x79, 0x0d, 0x97, 0x70, 0x97, 0x96, 0xb4, 0xd7, 0x90, 0x33, 0x57, 0xc3, 0xf5};

}  // namespace

Result<HashValue> commit(const CommitmentValue& value, const WireContext& context) {
  KT_TRY(const Bytes encoded, encode(value, context));
  return hmac_sha256(kCommitmentKey, encoded);
}

Bytes vrf_input(const Label& label, Version version) {
  auto encoded = encode(VrfInput{label, version});
  KT_ASSERT(encoded.has_value());
  return *std::move(encoded);
}

}  // namespace kt::keytrans
