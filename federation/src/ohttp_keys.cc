#include "federation/ohttp_keys.h"

#include <utility>

#include "keytrans/codec.h"

namespace kt::federation {
namespace {

using keytrans::Decoder;
using keytrans::Encoder;

constexpr std::size_t kMaxAlgorithms = 65532 / 4;

// Reads the algorithms, which come as bytes behind their length.
Result<std::vector<HpkeSymmetricAlgorithms>> decode_algorithms(ByteView bytes) {
  if (bytes.empty() || bytes.size() % 4 != 0 || bytes.size() > 4 * kMaxAlgorithms)
    return fail(Errc::malformed, "symmetric_algorithms has a size that is not allowed");
  std::vector<HpkeSymmetricAlgorithms> algorithms;
  for (; !bytes.empty(); bytes = bytes.subspan(4)) {
    const auto number = [&](std::size_t at) {
      return static_cast<std::uint16_t>(bytes[at] << 8U | bytes[at + 1]);
    };
    const auto kdf = hpke_kdf(number(0));
    const auto aead = hpke_aead(number(2));
    if (kdf && aead && *aead != HpkeAead::export_only) algorithms.push_back({*kdf, *aead});
  }
  return algorithms;
}

void encode_into(Encoder& out, const KeyConfig& config) {
  KT_ASSERT(config.public_key.size() == hpke_public_key_size(config.kem_id));
  KT_ASSERT(!config.symmetric_algorithms.empty() &&
            config.symmetric_algorithms.size() <= kMaxAlgorithms);
  out.number("key_id", config.key_id);
  out.number("kem_id", static_cast<std::uint16_t>(config.kem_id));
  out.fixed("public_key", config.public_key, config.public_key.size());
  Encoder algorithms;
  for (const auto& [kdf, aead] : config.symmetric_algorithms) {
    algorithms.number("kdf", static_cast<std::uint16_t>(kdf));
    algorithms.number("aead", static_cast<std::uint16_t>(aead));
  }
  out.opaque<2>("symmetric_algorithms", *std::move(algorithms).finish());
}

}  // namespace

Result<KeyConfig> decode_key_config(ByteView bytes) {
  KeyConfig config{};
  Decoder in(bytes);
  std::uint16_t kem = 0;
  in.number("key_id", config.key_id);
  in.number("kem_id", kem);
  const auto known = hpke_kem(kem);
  // Without the KEM nobody knows where the key ends.
  if (in.ok() && !known) return fail(Errc::rejected, "the key's KEM is not supported");
  Bytes algorithms;
  if (known) {
    config.kem_id = *known;
    in.fixed("public_key", config.public_key, hpke_public_key_size(*known));
    in.opaque<2>("symmetric_algorithms", algorithms);
  }
  KT_TRY(std::move(in).finish());
  KT_TRY(config.symmetric_algorithms, decode_algorithms(algorithms));
  if (config.symmetric_algorithms.empty())
    return fail(Errc::rejected, "none of the key's algorithms are supported");
  return config;
}

Result<std::vector<KeyConfig>> decode_key_configs(ByteView bytes) {
  if (bytes.size() > kMaxOhttpKeysSize)
    return fail(Errc::malformed, "there are too many key configurations");
  std::vector<KeyConfig> configs;
  while (!bytes.empty()) {
    if (bytes.size() < 2) return fail(Errc::malformed, "a length is cut short");
    const std::size_t size = std::size_t{bytes[0]} << 8U | bytes[1];
    if (size > bytes.size() - 2) return fail(Errc::malformed, "a configuration is cut short");
    auto config = decode_key_config(bytes.subspan(2, size));
    if (!config && config.error().code != Errc::rejected)
      return tl::unexpected<Error>(std::move(config).error());
    if (config) configs.push_back(*std::move(config));
    bytes = bytes.subspan(2 + size);
  }
  if (configs.empty()) return fail(Errc::rejected, "no key configuration is supported");
  return configs;
}

Bytes encode_key_config(const KeyConfig& config) {
  Encoder out;
  encode_into(out, config);
  return *std::move(out).finish();
}

Bytes encode_key_configs(const std::vector<KeyConfig>& configs) {
  Encoder out;
  for (const KeyConfig& config : configs) out.opaque<2>("KeyConfig", encode_key_config(config));
  return *std::move(out).finish();
}

}  // namespace kt::federation
