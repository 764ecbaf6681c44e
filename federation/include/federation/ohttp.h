// Oblivious HTTP: requests sealed to a gateway's key, and the answers sealed to those who asked.
//
// A client seals one request with `seal_ohttp_request` and opens the one answer with what it gets
// beside it. A gateway opens it with an `OhttpKey`, and seals the answer in the same way. In both
// encodings of RFC 9458 and of its chunked variant; chunks are put together here, so an answer is
// whole or refused.
//
// Everything that does not open, for whatever reason, is one and the same error: who probes a
// gateway learns nothing of its keys.
//
// Source: RFC 9458; draft-ietf-ohai-chunked-ohttp, as of February 2026. Thread rule: `OhttpKey`
// const from any thread, the others on one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "federation/hpke.h"
#include "federation/ohttp_keys.h"
#include "keytrans/bytes.h"
#include "keytrans/key_agreement.h"
#include "keytrans/result.h"

namespace kt::federation {

inline constexpr std::string_view kOhttpRequestType = "message/ohttp-req";
inline constexpr std::string_view kOhttpResponseType = "message/ohttp-res";
inline constexpr std::string_view kOhttpChunkedRequestType = "message/ohttp-chunked-req";
inline constexpr std::string_view kOhttpChunkedResponseType = "message/ohttp-chunked-res";

enum class OhttpEncoding : std::uint8_t { whole, chunked };

// What the two sides of one exchange share.
class OhttpExchange {
 public:
  // Requires: `context` is the one of the request that `enc` begins.
  OhttpExchange(OhttpEncoding encoding, HpkeSuite suite, Bytes enc, HpkeContext context)
      : encoding_(encoding), suite_(suite), enc_(std::move(enc)), context_(std::move(context)) {}

  [[nodiscard]] OhttpEncoding encoding() const { return encoding_; }

  // The gateway's side: `response` sealed. Once for an exchange.
  // Errors: unavailable when there is no randomness, or libcrypto fails.
  [[nodiscard]] Result<Bytes> seal_response(ByteView response) const;

  // The client's side. Errors: verification_failed when `sealed` is not an answer to this request.
  [[nodiscard]] Result<Bytes> open_response(ByteView sealed) const;

 private:
  OhttpEncoding encoding_;
  HpkeSuite suite_;
  Bytes enc_;
  HpkeContext context_;
};

struct SealedOhttpRequest {
  Bytes message;
  OhttpExchange exchange;
};

// `request` sealed to `config`, with the first of its algorithms.
// Errors: malformed when its key is not one; unavailable when libcrypto fails.
[[nodiscard]] Result<SealedOhttpRequest> seal_ohttp_request(
    const KeyConfig& config, ByteView request, OhttpEncoding encoding = OhttpEncoding::whole);

struct OpenedOhttpRequest {
  Bytes request;
  OhttpExchange exchange;
};

// A key of a gateway, with the algorithms that it offers.
class OhttpKey {
 public:
  // Requires: from 1 to 16 algorithms, none of them export_only.
  OhttpKey(std::uint8_t key_id, HpkeKem kem, keytrans::DhPrivateKey key,
           std::vector<HpkeSymmetricAlgorithms> algorithms);

  [[nodiscard]] const KeyConfig& config() const { return config_; }
  [[nodiscard]] const keytrans::DhPrivateKey& private_key() const { return key_; }

  // Errors: verification_failed when `message` is not sealed to this key with algorithms that it
  // offers, or was changed.
  [[nodiscard]] Result<OpenedOhttpRequest> open_request(ByteView message,
                                                        OhttpEncoding encoding) const;

 private:
  struct Setup {
    Bytes header;  // of requests with these algorithms
    HpkeInfo whole;
    HpkeInfo chunked;
  };

  keytrans::DhPrivateKey key_;
  KeyConfig config_;
  std::vector<Setup> setups_;
};

// The identifier of the key that `message` says it is sealed to.
// Errors: verification_failed when it is too short to be sealed to any.
[[nodiscard]] Result<std::uint8_t> ohttp_key_id(ByteView message);

}  // namespace kt::federation
