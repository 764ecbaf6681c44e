// Oblivious HTTP with the choices that must be random given, for tests of known answers.
#pragma once

#include <vector>

#include "federation/ohttp.h"

namespace kt::federation {

// Plaintexts of the chunks of a message, the final one last, which alone may be empty. One for
// OhttpEncoding::whole.
using OhttpChunks = std::vector<ByteView>;

// Requires: `ephemeral` is of the group of `config`.
[[nodiscard]] Result<SealedOhttpRequest> seal_ohttp_chunks(const KeyConfig& config,
                                                           const OhttpChunks& chunks,
                                                           OhttpEncoding encoding,
                                                           const keytrans::DhPrivateKey& ephemeral);

// Of the size that `response_nonce` has.
[[nodiscard]] std::size_t ohttp_nonce_size(HpkeSuite suite);

// Requires: `response_nonce` has ohttp_nonce_size(suite) bytes.
[[nodiscard]] Result<Bytes> seal_ohttp_response_chunks(OhttpEncoding encoding, HpkeSuite suite,
                                                       ByteView enc, const HpkeContext& context,
                                                       ByteView response_nonce,
                                                       const OhttpChunks& chunks);

}  // namespace kt::federation
