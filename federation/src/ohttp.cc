#include "federation/ohttp.h"

#include <algorithm>
#include <utility>

#include "keytrans/random.h"
#include "ohttp_sealing.h"
#include "varint.h"

namespace kt::federation {
namespace {

using keytrans::DhPrivateKey;
using keytrans::HkdfHash;
using keytrans::SecretBytes;

constexpr std::size_t kHeaderSize = 7;  // key_id, kem_id, kdf_id, aead_id
constexpr std::size_t kChunkSize = 16'384;
constexpr std::size_t kMaxSetups = 16;

ByteView view_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

void append(Bytes& out, ByteView bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

std::string_view request_label(OhttpEncoding encoding) {
  return encoding == OhttpEncoding::whole ? "message/bhttp request"
                                          : "message/bhttp chunked request";
}

std::string_view response_label(OhttpEncoding encoding) {
  return encoding == OhttpEncoding::whole ? "message/bhttp response"
                                          : "message/bhttp chunked response";
}

// The one error of whatever does not open.
tl::unexpected<Error> unopened() {
  return fail(Errc::verification_failed, "the message does not open");
}

// Section 4.3, `hdr`.
Bytes header_of(std::uint8_t key_id, HpkeSuite suite) {
  Bytes header{key_id};
  for (const auto number :
       {static_cast<std::uint16_t>(suite.kem), static_cast<std::uint16_t>(suite.kdf),
        static_cast<std::uint16_t>(suite.aead)}) {
    header.push_back(static_cast<std::uint8_t>(number >> 8U));
    header.push_back(static_cast<std::uint8_t>(number));
  }
  return header;
}

// Section 4.3, `info`.
HpkeInfo info_of(OhttpEncoding encoding, HpkeSuite suite, ByteView header) {
  Bytes info = to_bytes(view_of(request_label(encoding)));
  info.push_back(0);
  append(info, header);
  return {suite, info};
}

// ---- Chunks (draft-ietf-ohai-chunked-ohttp, Sections 6.1 and 6.2)

constexpr std::string_view kFinal = "final";

// `seal(aad, plaintext)` seals one chunk after the other.
template <class Seal>
Result<void> append_sealed(Bytes& out, OhttpEncoding encoding, const OhttpChunks& chunks,
                           Seal seal) {
  KT_ASSERT(!chunks.empty());
  if (encoding == OhttpEncoding::whole) {
    KT_ASSERT(chunks.size() == 1);
    KT_TRY(const Bytes sealed, seal({}, chunks.front()));
    append(out, sealed);
    return {};
  }
  for (std::size_t i = 0; i + 1 < chunks.size(); ++i) {
    KT_ASSERT(!chunks[i].empty());
    KT_TRY(const Bytes sealed, seal({}, chunks[i]));
    append_prefixed(out, sealed);
  }
  append_varint(out, 0);
  KT_TRY(const Bytes sealed, seal(view_of(kFinal), chunks.back()));
  append(out, sealed);
  return {};
}

// `open(aad, ciphertext)` opens one chunk after the other. Nothing is returned before the final one
// has opened.
template <class Open>
Result<Bytes> open_sealed(OhttpEncoding encoding, ByteView sealed, Open open) {
  if (encoding == OhttpEncoding::whole) return open({}, sealed);
  VarintReader reader(sealed);
  Bytes message;
  while (true) {
    KT_TRY(const std::uint64_t size, reader.number("chunk"));
    if (size == 0) break;
    // A chunk that says nothing would let a sender have us work for nothing.
    if (size <= keytrans::kAeadTagSize) return unopened();
    KT_TRY(const ByteView chunk, reader.take("chunk", size));
    KT_TRY(const Bytes plaintext, open({}, chunk));
    append(message, plaintext);
  }
  KT_TRY(const Bytes plaintext, open(view_of(kFinal), reader.rest()));
  append(message, plaintext);
  return message;
}

OhttpChunks chunks_of(OhttpEncoding encoding, ByteView message) {
  OhttpChunks chunks;
  if (encoding == OhttpEncoding::chunked) {
    for (; message.size() > kChunkSize; message = message.subspan(kChunkSize))
      chunks.push_back(message.first(kChunkSize));
  }
  chunks.push_back(message);
  return chunks;
}

// ---- Responses (Section 4.4)

// The key of one response and the nonces of its chunks, of which one that is not chunked has one.
class ResponseKey {
 public:
  ResponseKey(OhttpEncoding encoding, HpkeSuite suite, ByteView enc, const HpkeContext& context,
              ByteView response_nonce)
      : aead_(*hpke_cipher(suite.aead)) {
    const HkdfHash hash = hpke_hash(suite.kdf);
    const SecretBytes secret =
        context.export_secret(view_of(response_label(encoding)), ohttp_nonce_size(suite));
    Bytes salt = to_bytes(enc);
    append(salt, response_nonce);
    const SecretBytes prk = keytrans::hkdf_extract(hash, salt, {secret.view()});
    key_ = keytrans::hkdf_expand(hash, prk.view(), {view_of("key")}, hpke_key_size(suite.aead));
    base_nonce_ = keytrans::hkdf_expand(hash, prk.view(), {view_of("nonce")}, kHpkeNonceSize);
  }

  Result<Bytes> seal(ByteView aad, ByteView plaintext) {
    return keytrans::aead_seal(aead_, key_.view(), hpke_nonce(base_nonce_.view(), number_++), aad,
                               plaintext);
  }
  Result<Bytes> open(ByteView aad, ByteView ciphertext) {
    return keytrans::aead_open(aead_, key_.view(), hpke_nonce(base_nonce_.view(), number_++), aad,
                               ciphertext);
  }

 private:
  keytrans::Aead aead_;
  SecretBytes key_;
  SecretBytes base_nonce_;
  std::uint64_t number_ = 0;
};

// The one error, for all that a message of others can be. Failures of ours stay what they are.
template <class T>
Result<T> as_unopened(Result<T> result) {
  if (!result && result.error().code != Errc::unavailable) return unopened();
  return result;
}

}  // namespace

std::size_t ohttp_nonce_size(HpkeSuite suite) {
  return std::max(kHpkeNonceSize, hpke_key_size(suite.aead));
}

Result<Bytes> seal_ohttp_response_chunks(OhttpEncoding encoding, HpkeSuite suite, ByteView enc,
                                         const HpkeContext& context, ByteView response_nonce,
                                         const OhttpChunks& chunks) {
  KT_ASSERT(response_nonce.size() == ohttp_nonce_size(suite));
  ResponseKey key(encoding, suite, enc, context, response_nonce);
  Bytes message = to_bytes(response_nonce);
  KT_TRY(append_sealed(message, encoding, chunks,
                       [&](ByteView aad, ByteView plaintext) { return key.seal(aad, plaintext); }));
  return message;
}

Result<Bytes> OhttpExchange::seal_response(ByteView response) const {
  Bytes nonce(ohttp_nonce_size(suite_));
  KT_TRY(keytrans::fill_random(nonce));
  return seal_ohttp_response_chunks(encoding_, suite_, enc_, context_, nonce,
                                    chunks_of(encoding_, response));
}

Result<Bytes> OhttpExchange::open_response(ByteView sealed) const {
  const std::size_t nonce_size = ohttp_nonce_size(suite_);
  if (sealed.size() < nonce_size) return unopened();
  ResponseKey key(encoding_, suite_, enc_, context_, sealed.first(nonce_size));
  return as_unopened(
      open_sealed(encoding_, sealed.subspan(nonce_size),
                  [&](ByteView aad, ByteView ciphertext) { return key.open(aad, ciphertext); }));
}

Result<SealedOhttpRequest> seal_ohttp_chunks(const KeyConfig& config, const OhttpChunks& chunks,
                                             OhttpEncoding encoding,
                                             const DhPrivateKey& ephemeral) {
  KT_ASSERT(!config.symmetric_algorithms.empty());
  const auto& [kdf, aead] = config.symmetric_algorithms.front();
  const HpkeSuite suite{config.kem_id, kdf, aead};
  Bytes message = header_of(config.key_id, suite);
  const HpkeInfo info = info_of(encoding, suite, message);
  KT_TRY(HpkeSender sender, setup_base_sender(info, config.public_key, ephemeral));
  append(message, sender.enc);
  KT_TRY(append_sealed(message, encoding, chunks, [&](ByteView aad, ByteView plaintext) {
    return sender.context.seal(aad, plaintext);
  }));
  return SealedOhttpRequest{
      std::move(message),
      OhttpExchange(encoding, suite, std::move(sender.enc), std::move(sender.context))};
}

Result<SealedOhttpRequest> seal_ohttp_request(const KeyConfig& config, ByteView request,
                                              OhttpEncoding encoding) {
  KT_TRY(const DhPrivateKey ephemeral, DhPrivateKey::generate(hpke_group(config.kem_id)));
  return seal_ohttp_chunks(config, chunks_of(encoding, request), encoding, ephemeral);
}

OhttpKey::OhttpKey(std::uint8_t key_id, HpkeKem kem, DhPrivateKey key,
                   std::vector<HpkeSymmetricAlgorithms> algorithms)
    : key_(std::move(key)), config_{key_id, kem, key_.public_key(), std::move(algorithms)} {
  KT_ASSERT(key_.group() == hpke_group(kem));
  KT_ASSERT(!config_.symmetric_algorithms.empty() &&
            config_.symmetric_algorithms.size() <= kMaxSetups);
  for (const auto& [kdf, aead] : config_.symmetric_algorithms) {
    KT_ASSERT(aead != HpkeAead::export_only);
    const HpkeSuite suite{kem, kdf, aead};
    Bytes header = header_of(key_id, suite);
    HpkeInfo whole = info_of(OhttpEncoding::whole, suite, header);
    HpkeInfo chunked = info_of(OhttpEncoding::chunked, suite, header);
    setups_.push_back({std::move(header), std::move(whole), std::move(chunked)});
  }
}

Result<OpenedOhttpRequest> OhttpKey::open_request(ByteView message, OhttpEncoding encoding) const {
  const std::size_t enc_size = config_.public_key.size();
  if (message.size() < kHeaderSize + enc_size + keytrans::kAeadTagSize) return unopened();
  const ByteView header = message.first(kHeaderSize);
  const auto setup = std::find_if(setups_.begin(), setups_.end(), [&](const Setup& offered) {
    return equal(offered.header, header);
  });
  if (setup == setups_.end()) return unopened();
  const ByteView enc = message.subspan(kHeaderSize, enc_size);
  const HpkeInfo& info = encoding == OhttpEncoding::whole ? setup->whole : setup->chunked;
  KT_TRY(HpkeContext context, as_unopened(setup_base_receiver(info, enc, key_)));
  KT_TRY(Bytes request, as_unopened(open_sealed(encoding, message.subspan(kHeaderSize + enc_size),
                                                [&](ByteView aad, ByteView ciphertext) {
                                                  return context.open(aad, ciphertext);
                                                })));
  return OpenedOhttpRequest{
      std::move(request), OhttpExchange(encoding, info.suite(), to_bytes(enc), std::move(context))};
}

Result<std::uint8_t> ohttp_key_id(ByteView message) {
  if (message.size() < kHeaderSize) return unopened();
  return message.front();
}

}  // namespace kt::federation
