#include "federation/ohttp_keys.h"

#include <vector>

#include <gtest/gtest.h>

#include "must.h"

namespace kt::federation {
namespace {

Bytes hex(std::string_view text) { return from_hex(text).value(); }

KeyConfig config_of(std::uint8_t key_id, HpkeKem kem) {
  return {key_id,
          kem,
          Bytes(hpke_public_key_size(kem), key_id),
          {{HpkeKdf::HKDF_SHA256, HpkeAead::AES_128_GCM},
           {HpkeKdf::HKDF_SHA256, HpkeAead::ChaCha20Poly1305}}};
}

const KeyConfig kOne = config_of(1, HpkeKem::X25519_HKDF_SHA256);
const KeyConfig kTwo = config_of(2, HpkeKem::P256_HKDF_SHA256);

TEST(OhttpKeys, ComeBackAsTheyWere) {
  for (const KeyConfig& config : {kOne, kTwo})
    EXPECT_EQ(must(decode_key_config(encode_key_config(config))), config);
  const std::vector<KeyConfig> both{kTwo, kOne};
  EXPECT_EQ(must(decode_key_configs(encode_key_configs(both))), both);
}

// A KEM that is not known hides none of the configurations around it.
TEST(OhttpKeys, WhatIsNotSupportedIsSkipped) {
  const Bytes unknown_kem =
      hex("0006"
          "05"
          "4321"
          "aabbcc");
  Bytes list = unknown_kem;
  const Bytes known = encode_key_configs({kOne});
  list.insert(list.end(), known.begin(), known.end());
  list.insert(list.end(), unknown_kem.begin(), unknown_kem.end());
  EXPECT_EQ(must(decode_key_configs(list)), std::vector{kOne});
  EXPECT_EQ(decode_key_configs(unknown_kem).error().code, Errc::rejected);
  EXPECT_EQ(decode_key_configs({}).error().code, Errc::rejected);

  // One algorithm that is known among others; none; one that seals nothing.
  Bytes config = encode_key_config(kOne);
  config[config.size() - 7] = 0x77;  // the first AEAD
  EXPECT_EQ(must(decode_key_config(config)).symmetric_algorithms,
            std::vector{kOne.symmetric_algorithms[1]});
  config[config.size() - 3] = 0x77;
  EXPECT_EQ(decode_key_config(config).error().code, Errc::rejected);
  for (const std::size_t back : {2U, 1U}) config[config.size() - back] = 0xff;
  EXPECT_EQ(decode_key_config(config).error().code, Errc::rejected);
}

TEST(OhttpKeys, WhatIsCutShortOrTooLongIsRefused) {
  for (const KeyConfig& given : {kOne, kTwo}) {
    const Bytes config = encode_key_config(given);
    for (std::size_t size = 0; size < config.size(); ++size)
      EXPECT_EQ(decode_key_config(ByteView(config).first(size)).error().code, Errc::malformed)
          << size;
    Bytes longer = config;
    longer.push_back(0);
    EXPECT_EQ(decode_key_config(longer).error().code, Errc::malformed);
    const Bytes list = encode_key_configs({given});
    for (std::size_t size = 1; size < list.size(); ++size)
      EXPECT_EQ(decode_key_configs(ByteView(list).first(size)).error().code, Errc::malformed);
  }
  // Algorithms of no bytes, and of three.
  Bytes config = encode_key_config(kOne);
  config.resize(config.size() - 8);
  config.back() = 0;
  EXPECT_EQ(decode_key_config(config).error().code, Errc::malformed);
  config.back() = 3;
  config.resize(config.size() + 3);
  EXPECT_EQ(decode_key_config(config).error().code, Errc::malformed);

  std::vector<KeyConfig> many(400, kOne);
  EXPECT_EQ(decode_key_configs(encode_key_configs(many)).error().code, Errc::malformed);
}

}  // namespace
}  // namespace kt::federation
