// The key configurations of an Oblivious HTTP gateway: which keys requests may be sealed to, and
// with which algorithms.
//
// Source: RFC 9458, Section 3. Thread rule: plain values and pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "federation/hpke.h"
#include "keytrans/bytes.h"
#include "keytrans/result.h"

namespace kt::federation {

// The media type of a list of key configurations.
inline constexpr std::string_view kOhttpKeysType = "application/ohttp-keys";

// What a list of another party may hold.
inline constexpr std::size_t kMaxOhttpKeysSize = std::size_t{16} << 10U;

// struct {
//   HpkeKdfId kdf;
//   HpkeAeadId aead;
// } HpkeSymmetricAlgorithms;
struct HpkeSymmetricAlgorithms {
  HpkeKdf kdf;
  HpkeAead aead;  // not export_only

  friend bool operator==(const HpkeSymmetricAlgorithms&, const HpkeSymmetricAlgorithms&) = default;
};

// struct {
//   HpkeKeyId key_id;
//   HpkeKemId kem_id;
//   opaque public_key[Npk];
//   HpkeSymmetricAlgorithms symmetric_algorithms<4..65532>;     // in bytes
// } KeyConfig;
struct KeyConfig {
  std::uint8_t key_id;
  HpkeKem kem_id;
  Bytes public_key;
  std::vector<HpkeSymmetricAlgorithms> symmetric_algorithms;  // the preferred ones first

  friend bool operator==(const KeyConfig&, const KeyConfig&) = default;
};

// One configuration. Algorithms that are not ours are left out.
// Errors: malformed when `bytes` are not one configuration; rejected when its KEM, or all of its
// algorithms, are none of ours.
[[nodiscard]] Result<KeyConfig> decode_key_config(ByteView bytes);

// `application/ohttp-keys`: configurations behind their lengths, the preferred one first. Those
// whose KEM, or all of whose algorithms, are none of ours are skipped.
// Errors: malformed when `bytes` are no such list, or more than kMaxOhttpKeysSize; rejected when
// nothing is left.
[[nodiscard]] Result<std::vector<KeyConfig>> decode_key_configs(ByteView bytes);

// Requires: a public key of its KEM, and from 1 to 16383 algorithms.
[[nodiscard]] Bytes encode_key_config(const KeyConfig& config);
[[nodiscard]] Bytes encode_key_configs(const std::vector<KeyConfig>& configs);

}  // namespace kt::federation
