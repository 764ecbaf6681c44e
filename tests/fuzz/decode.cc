// Decodes the input as one message, KT_FUZZ_MESSAGE. What decodes must encode to the same bytes.

#include "keytrans/messages.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using kt::keytrans::KT_FUZZ_MESSAGE;
  const kt::ByteView input(data, size);
  const auto message = kt::keytrans::decode<KT_FUZZ_MESSAGE>(input);
  if (!message) return 0;
  const auto again = kt::keytrans::encode(*message);
  KT_ASSERT(again.has_value() && kt::equal(*again, input));
  return 0;
}
