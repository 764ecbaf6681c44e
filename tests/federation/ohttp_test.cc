// Oblivious HTTP against the examples of RFC 9458 and of its chunked variant, and what must fail.
#include "federation/ohttp.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "must.h"
#include "ohttp_sealing.h"
#include "random_source.h"
#include "vectors.h"

namespace kt::federation {
namespace {

using keytrans::DhGroup;
using keytrans::DhPrivateKey;

// The gateway of a vector, and the client that was its sender.
struct Example {
  explicit Example(const char* file)
      : json(load_vectors(file)), config(must(decode_key_config(hex_field(json, "key_config")))) {}

  [[nodiscard]] OhttpKey key() const {
    return {config.key_id, config.kem_id, private_key("gateway_private_key"),
            config.symmetric_algorithms};
  }
  [[nodiscard]] DhPrivateKey private_key(const char* field) const {
    return must(DhPrivateKey::from_secret(DhGroup::X25519, hex_field(json, field)));
  }
  [[nodiscard]] OhttpChunks split(const Bytes& message, const char* sizes) const {
    OhttpChunks chunks;
    ByteView rest(message);
    for (const std::size_t size : json.at(sizes)) {
      chunks.push_back(rest.first(size));
      rest = rest.subspan(size);
    }
    EXPECT_TRUE(rest.empty());
    return chunks;
  }
  // What the gateway derived, for `seal_ohttp_response_chunks`.
  [[nodiscard]] HpkeContext context() const {
    const HpkeSuite suite = this->suite();
    return must(setup_base_receiver(HpkeInfo(suite, hex_field(json, "hpke_info")),
                                    hex_field(json, "client_ephemeral_public_key_enc"),
                                    private_key("gateway_private_key")));
  }
  [[nodiscard]] HpkeSuite suite() const {
    return {hpke_kem(json.at("kem_id")).value(), hpke_kdf(json.at("kdf_id")).value(),
            hpke_aead(json.at("aead_id")).value()};
  }

  nlohmann::json json;
  KeyConfig config;
};

void check_example(const Example& example, OhttpEncoding encoding, const OhttpChunks& request,
                   const OhttpChunks& response) {
  const Bytes request_bytes = hex_field(example.json, "request_bhttp");
  const Bytes response_bytes = hex_field(example.json, "response_bhttp");
  const Bytes sealed_request = hex_field(example.json, "encapsulated_request");
  const Bytes sealed_response = hex_field(example.json, "encapsulated_response");

  const auto sealed = must(seal_ohttp_chunks(example.config, request, encoding,
                                             example.private_key("client_ephemeral_private_key")));
  EXPECT_EQ(sealed.message, sealed_request);
  EXPECT_EQ(must(sealed.exchange.open_response(sealed_response)), response_bytes);

  const auto opened = must(example.key().open_request(sealed_request, encoding));
  EXPECT_EQ(opened.request, request_bytes);
  EXPECT_EQ(
      must(sealed.exchange.open_response(must(opened.exchange.seal_response(response_bytes)))),
      response_bytes);
  const Bytes nonce(sealed_response.begin(), sealed_response.begin() + 16);
  EXPECT_EQ(
      must(seal_ohttp_response_chunks(encoding, example.suite(),
                                      hex_field(example.json, "client_ephemeral_public_key_enc"),
                                      example.context(), nonce, response)),
      sealed_response);
}

TEST(Ohttp, Rfc9458AppendixA) {
  const Example example("ohttp/rfc9458-appendix-a.json");
  const Bytes request = hex_field(example.json, "request_bhttp");
  const Bytes response = hex_field(example.json, "response_bhttp");
  check_example(example, OhttpEncoding::whole, {request}, {response});
  EXPECT_EQ(encode_key_config(example.config), hex_field(example.json, "key_config"));
  EXPECT_EQ(encode_key_config(example.key().config()), hex_field(example.json, "key_config"));
  const Bytes list = hex_field(example.json, "application_ohttp_keys");
  EXPECT_EQ(must(decode_key_configs(list)), std::vector{example.config});
  EXPECT_EQ(encode_key_configs({example.config}), list);
}

TEST(Ohttp, ChunkedExample) {
  const Example example("ohttp/chunked-ohttp-example.json");
  const Bytes request = hex_field(example.json, "request_bhttp");
  const Bytes response = hex_field(example.json, "response_bhttp");
  check_example(example, OhttpEncoding::chunked,
                example.split(request, "request_chunk_plaintext_lengths"),
                example.split(response, "response_chunk_plaintext_lengths"));
}

// ---- All suites, both encodings

struct Variant {
  HpkeSuite suite;
  OhttpEncoding encoding;
};

std::vector<Variant> variants() {
  std::vector<Variant> all;
  for (const HpkeKem kem : {HpkeKem::X25519_HKDF_SHA256, HpkeKem::P256_HKDF_SHA256})
    for (const HpkeKdf kdf : {HpkeKdf::HKDF_SHA256, HpkeKdf::HKDF_SHA512})
      for (const HpkeAead aead :
           {HpkeAead::AES_128_GCM, HpkeAead::AES_256_GCM, HpkeAead::ChaCha20Poly1305})
        for (const OhttpEncoding encoding : {OhttpEncoding::whole, OhttpEncoding::chunked})
          all.push_back({{kem, kdf, aead}, encoding});
  return all;
}

OhttpKey new_key(HpkeSuite suite, std::uint8_t key_id = 7) {
  return {key_id,
          suite.kem,
          must(DhPrivateKey::generate(hpke_group(suite.kem))),
          {{suite.kdf, suite.aead}}};
}

constexpr HpkeSuite kSuite{HpkeKem::X25519_HKDF_SHA256, HpkeKdf::HKDF_SHA256,
                           HpkeAead::AES_128_GCM};

TEST(Ohttp, WhatIsSealedOpensOnTheOtherSide) {
  RandomSource random;
  for (const auto& [suite, encoding] : variants()) {
    const OhttpKey key = new_key(suite);
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{16'384},
                                   std::size_t{16'385}, std::size_t{100'000}}) {
      Bytes request(size);
      for (auto& byte : request) byte = static_cast<std::uint8_t>(random.below(256));
      const auto sealed = must(seal_ohttp_request(key.config(), request, encoding));
      EXPECT_EQ(must(ohttp_key_id(sealed.message)), 7);
      const auto opened = must(key.open_request(sealed.message, encoding));
      EXPECT_EQ(opened.request, request);
      const Bytes answer = must(opened.exchange.seal_response(request));
      EXPECT_EQ(must(sealed.exchange.open_response(answer)), request);
    }
  }
}

TEST(Ohttp, EveryFlippedByteAndEveryCutIsRefused) {
  for (const auto& [suite, encoding] : variants()) {
    const OhttpKey key = new_key(suite);
    const auto sealed = must(seal_ohttp_request(key.config(), to_bytes("who is it"), encoding));
    const auto refused = [&, chosen = encoding](ByteView message) {
      const auto opened = key.open_request(message, chosen);
      return !opened &&
             opened.error() == Error{Errc::verification_failed, "the message does not open"};
    };
    for (std::size_t i = 0; i < sealed.message.size(); ++i) {
      Bytes changed = sealed.message;
      changed[i] ^= 1;
      EXPECT_TRUE(refused(changed)) << i;
      EXPECT_TRUE(refused(ByteView(sealed.message).first(i))) << i;
    }
    Bytes longer = sealed.message;
    longer.push_back(0);
    EXPECT_TRUE(refused(longer));

    const auto opened = must(key.open_request(sealed.message, encoding));
    const Bytes answer = must(opened.exchange.seal_response(to_bytes("nobody")));
    for (std::size_t i = 0; i < answer.size(); ++i) {
      Bytes changed = answer;
      changed[i] ^= 1;
      EXPECT_FALSE(sealed.exchange.open_response(changed)) << i;
      EXPECT_FALSE(sealed.exchange.open_response(ByteView(answer).first(i))) << i;
    }
  }
}

TEST(Ohttp, AnotherKeyEncodingOrSuiteDoesNotOpen) {
  const OhttpKey key = new_key(kSuite);
  const auto sealed = must(seal_ohttp_request(key.config(), to_bytes("request")));
  EXPECT_FALSE(new_key(kSuite).open_request(sealed.message, OhttpEncoding::whole));
  EXPECT_FALSE(key.open_request(sealed.message, OhttpEncoding::chunked));

  // The same key under an identifier that is not its own.
  KeyConfig other = key.config();
  other.key_id = 8;
  const auto misdirected = must(seal_ohttp_request(other, to_bytes("request")));
  EXPECT_FALSE(key.open_request(misdirected.message, OhttpEncoding::whole));

  // Algorithms that we have, but that the key does not offer.
  other = key.config();
  other.symmetric_algorithms = {{HpkeKdf::HKDF_SHA256, HpkeAead::ChaCha20Poly1305}};
  const auto unoffered = must(seal_ohttp_request(other, to_bytes("request")));
  EXPECT_FALSE(key.open_request(unoffered.message, OhttpEncoding::whole));

  // The answer to another request.
  const auto second = must(seal_ohttp_request(key.config(), to_bytes("request")));
  const auto opened = must(key.open_request(second.message, OhttpEncoding::whole));
  const Bytes answer = must(opened.exchange.seal_response(to_bytes("answer")));
  EXPECT_TRUE(second.exchange.open_response(answer));
  EXPECT_FALSE(sealed.exchange.open_response(answer));
}

TEST(Ohttp, EveryAlgorithmOfAKeyIsAccepted) {
  const OhttpKey key(3, kSuite.kem, must(DhPrivateKey::generate(DhGroup::X25519)),
                     {{HpkeKdf::HKDF_SHA256, HpkeAead::AES_128_GCM},
                      {HpkeKdf::HKDF_SHA256, HpkeAead::ChaCha20Poly1305}});
  for (const auto& algorithms : key.config().symmetric_algorithms) {
    KeyConfig config = key.config();
    config.symmetric_algorithms = {algorithms};
    const auto sealed = must(seal_ohttp_request(config, to_bytes("request")));
    EXPECT_TRUE(key.open_request(sealed.message, OhttpEncoding::whole));
  }
}

// ---- Chunks

// What a gateway makes of `chunks` that are cut together by hand: framed ciphertexts.
class ChunkedMessage {
 public:
  ChunkedMessage()
      : key_(new_key(kSuite)),
        sealed_(must(seal_ohttp_chunks(key_.config(), {one_, two_, three_}, OhttpEncoding::chunked,
                                       must(DhPrivateKey::generate(DhGroup::X25519))))) {
    // Header, enc, and three chunks of 3 + 16 bytes: two behind their length, the last behind 0.
    std::size_t at = 7 + 32;
    for (int i = 0; i < 3; ++i, at += 20)
      parts.emplace_back(sealed_.message.begin() + static_cast<std::ptrdiff_t>(at),
                         sealed_.message.begin() + static_cast<std::ptrdiff_t>(at + 20));
  }

  [[nodiscard]] bool opens(const std::vector<Bytes>& with) const {
    Bytes message(sealed_.message.begin(), sealed_.message.begin() + 7 + 32);
    for (const Bytes& part : with) message.insert(message.end(), part.begin(), part.end());
    return key_.open_request(message, OhttpEncoding::chunked).has_value();
  }

  std::vector<Bytes> parts;

 private:
  Bytes one_ = to_bytes("one");
  Bytes two_ = to_bytes("two");
  Bytes three_ = to_bytes("end");
  OhttpKey key_;
  SealedOhttpRequest sealed_;
};

TEST(Ohttp, ChunksAreNeitherLeftOutNorMovedNorRepeated) {
  const ChunkedMessage message;
  const auto& [one, two, end] = std::tie(message.parts[0], message.parts[1], message.parts[2]);
  EXPECT_TRUE(message.opens({one, two, end}));
  EXPECT_FALSE(message.opens({two, one, end}));
  EXPECT_FALSE(message.opens({one, end}));
  EXPECT_FALSE(message.opens({one, two}));
  EXPECT_FALSE(message.opens({one, two, end, end}));
  EXPECT_FALSE(message.opens({one, two, two, end}));
  EXPECT_FALSE(message.opens({end}));
  // The last chunk as one that is not final, and one in the middle as the final one.
  Bytes continued = end;
  continued[0] = 19;
  EXPECT_FALSE(message.opens({one, two, continued, Bytes{0}}));
  Bytes final_two = two;
  final_two[0] = 0;
  EXPECT_FALSE(message.opens({one, final_two}));
}

TEST(Ohttp, EmptyChunksThatAreNotFinalAreRefused) {
  const OhttpKey key = new_key(kSuite);
  const HpkeSuite suite = kSuite;
  Bytes message{7, 0x00, 0x20, 0x00, 0x01, 0x00, 0x01};
  Bytes info = to_bytes("message/bhttp chunked request");
  info.push_back(0);
  info.insert(info.end(), message.begin(), message.end());
  for (const bool empty : {false, true}) {
    HpkeSender sender = must(setup_base_sender(HpkeInfo(suite, info), key.config().public_key));
    Bytes whole = message;
    whole.insert(whole.end(), sender.enc.begin(), sender.enc.end());
    const Bytes chunk = must(sender.context.seal({}, empty ? Bytes{} : Bytes{1}));
    whole.push_back(static_cast<std::uint8_t>(chunk.size()));
    whole.insert(whole.end(), chunk.begin(), chunk.end());
    const Bytes last = must(sender.context.seal(to_bytes("final"), {}));
    whole.push_back(0);
    whole.insert(whole.end(), last.begin(), last.end());
    EXPECT_EQ(key.open_request(whole, OhttpEncoding::chunked).has_value(), !empty);
  }
}

}  // namespace
}  // namespace kt::federation
