// Decodes the input as each message of a routed request. What decodes must encode to the same
// bytes.

#include "federation/routed_messages.h"

namespace {

using namespace kt::federation;

template <class Message>
void decode_and_encode(kt::ByteView input) {
  const auto message = decode<Message>(input);
  if (!message) return;
  const auto again = encode(*message);
  KT_ASSERT(again.has_value() && kt::equal(*again, input));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const kt::ByteView input(data, size);
  decode_and_encode<LookupRequest>(input);
  decode_and_encode<RoutedUpdateRequest>(input);
  decode_and_encode<RoutedMonitorRequest>(input);
  decode_and_encode<OpenedMonitorRequest>(input);
  decode_and_encode<RoutedResponse>(input);
  return 0;
}
