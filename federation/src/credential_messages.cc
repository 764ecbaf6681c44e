#include "federation/credential_messages.h"

#include <concepts>
#include <type_traits>

#include "keytrans/codec.h"

namespace kt::federation {
namespace {

// `S` is `T` or `const T`: the Encoder visits constants, the Decoder variables.
template <class S, class T>
concept Like = std::same_as<std::remove_const_t<S>, T>;

constexpr auto kNumber = [](auto& io, auto& value) { io.number("number", value); };

template <class Io, Like<CredentialRequest> S>
void wire(Io& io, S& s) {
  io.label("CredentialRequest.label", s.label);
  io.optional("CredentialRequest.position", s.position, kNumber);
}

template <class Io, Like<CredentialUpdateRequest> S>
void wire(Io& io, S& s) {
  io.label("CredentialUpdateRequest.label", s.label);
  io.number("CredentialUpdateRequest.version", s.version);
  io.number("CredentialUpdateRequest.terminal", s.terminal);
  io.number("CredentialUpdateRequest.tree_size", s.tree_size);
}

template <class T>
Result<Bytes> encoded(const T& message) {
  keytrans::Encoder io;
  wire(io, message);
  return std::move(io).finish();
}

template <class T>
Result<T> decoded(ByteView bytes) {
  keytrans::Decoder io(bytes);
  T message;
  wire(io, message);
  KT_TRY(std::move(io).finish());
  return message;
}

}  // namespace

Result<Bytes> encode(const CredentialRequest& request) { return encoded(request); }
Result<Bytes> encode(const CredentialUpdateRequest& request) { return encoded(request); }

Result<CredentialRequest> decode_credential_request(ByteView bytes) {
  return decoded<CredentialRequest>(bytes);
}
Result<CredentialUpdateRequest> decode_credential_update_request(ByteView bytes) {
  return decoded<CredentialUpdateRequest>(bytes);
}

}  // namespace kt::federation
