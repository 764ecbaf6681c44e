// Oblivious HTTP from others, on both sides: a request at the gateway, its answer at the client.
// The first byte says which, and in which encoding; the rest is the message, or edits of an honest
// one. Only the honest one opens.

#include "federation/ohttp.h"
#include "must.h"
#include "mutation.h"
#include "ohttp_sealing.h"

namespace {

using namespace kt;
using namespace kt::federation;

// One exchange, the same in each run: a fixed gateway key, ephemeral key and response nonce.
struct World {
  explicit World(OhttpEncoding chosen)
      : encoding(chosen),
        key(1, HpkeKem::X25519_HKDF_SHA256, key_of(1),
            {{HpkeKdf::HKDF_SHA256, HpkeAead::AES_128_GCM},
             {HpkeKdf::HKDF_SHA512, HpkeAead::ChaCha20Poly1305}}),
        sealed(must(seal_ohttp_chunks(key.config(), chunks(), encoding, key_of(2)))),
        answer(must(sealed_answer())) {}

  [[nodiscard]] OhttpChunks chunks() const {
    if (encoding == OhttpEncoding::whole) return {text};
    return {ByteView(text).first(3), ByteView(text).subspan(3)};
  }

  static keytrans::DhPrivateKey key_of(std::uint8_t seed) {
    return must(keytrans::DhPrivateKey::from_secret(keytrans::DhGroup::X25519, Bytes(32, seed)));
  }

  [[nodiscard]] Result<Bytes> sealed_answer() const {
    const HpkeSuite suite{HpkeKem::X25519_HKDF_SHA256, HpkeKdf::HKDF_SHA256, HpkeAead::AES_128_GCM};
    const ByteView message(sealed.message);
    Bytes info = to_bytes(encoding == OhttpEncoding::whole ? "message/bhttp request"
                                                           : "message/bhttp chunked request");
    info.push_back(0);
    info.insert(info.end(), message.begin(), message.begin() + 7);
    const ByteView enc = message.subspan(7, 32);
    KT_TRY(const HpkeContext context, setup_base_receiver(HpkeInfo(suite, info), enc, key_of(1)));
    return seal_ohttp_response_chunks(encoding, suite, enc, context,
                                      Bytes(ohttp_nonce_size(suite), 9), chunks());
  }

  OhttpEncoding encoding;
  Bytes text = to_bytes("request");
  OhttpKey key;
  SealedOhttpRequest sealed;
  Bytes answer;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static const World whole(OhttpEncoding::whole);
  static const World chunked(OhttpEncoding::chunked);
  const World& world = (data[0] & 1U) != 0 ? chunked : whole;
  const bool at_gateway = (data[0] & 2U) != 0;
  const Bytes& honest = at_gateway ? world.sealed.message : world.answer;
  const Bytes message = keytrans::edit(honest, ByteView(data, size).subspan(1));
  if (at_gateway) {
    const auto opened = world.key.open_request(message, world.encoding);
    KT_ASSERT(opened.has_value() == (message == honest));
    if (opened) KT_ASSERT(opened->request == world.text);
  } else {
    const auto opened = world.sealed.exchange.open_response(message);
    KT_ASSERT(opened.has_value() == (message == honest));
    if (opened) KT_ASSERT(*opened == world.text);
  }
  return 0;
}
