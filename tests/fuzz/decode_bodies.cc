// The bodies that are no messages of the draft: labels to be erased, and updates for an auditor.
// What is accepted is within bounds and comes out as it went in.
#include "auditor_messages.h"
#include "keytrans/bytes.h"
#include "labels_body.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kt::gateway;
  const kt::ByteView body(data, size);
  if (const auto labels = parse_labels(body)) {
    const auto again = parse_labels(format_labels(*labels));
    KT_ASSERT(again.has_value() && *again == *labels);
  }
  if (const auto updates = decode_updates(body)) {
    KT_ASSERT(updates->size() <= kUpdatesInAnswer);
    const auto again = encode_updates(*updates);
    KT_ASSERT(again.has_value() && *again == kt::Bytes(body.begin(), body.end()));
  }
  return 0;
}
