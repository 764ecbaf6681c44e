// Decodes the input as each message of a routed request, and each that asks for credentials. What
// decodes must encode to the same bytes.

#include "federation/credential_messages.h"
#include "federation/routed_messages.h"

namespace {

using namespace kt::federation;

template <class Message>
void expect_encodes_to(const kt::Result<Message>& message, kt::ByteView input) {
  if (!message) return;
  const auto again = encode(*message);
  KT_ASSERT(again.has_value() && kt::equal(*again, input));
}

template <class Message>
void decode_and_encode(kt::ByteView input) {
  expect_encodes_to(decode<Message>(input), input);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const kt::ByteView input(data, size);
  decode_and_encode<LookupRequest>(input);
  decode_and_encode<RoutedUpdateRequest>(input);
  decode_and_encode<RoutedMonitorRequest>(input);
  decode_and_encode<OpenedMonitorRequest>(input);
  decode_and_encode<RoutedResponse>(input);
  expect_encodes_to(decode_credential_request(input), input);
  expect_encodes_to(decode_credential_update_request(input), input);
  return 0;
}
