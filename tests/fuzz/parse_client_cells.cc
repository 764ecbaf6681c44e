// What a user's state directory has in small cells, attacked as a file: what was sent to be
// published, how a log ends, and the home domain. The first byte says which.

#include <type_traits>

#include "client/home.h"
#include "final_head.h"
#include "must.h"
#include "mutation.h"
#include "names.h"
#include "sent.h"

namespace {

using namespace kt;
using namespace kt::client;

template <class T>
Bytes honest(const T& value) {
  Bytes bytes = must(value.encode());
  KT_ASSERT(must(T::decode(bytes)) == value);
  return bytes;
}

HashValue hash(std::uint8_t byte) { return log_of(byte).hash(); }

// What decodes must encode to the same bytes, but where `has_one_spelling` is false: then what it
// encodes to is the one that stays.
template <class T>
void attack(const Bytes& honest, ByteView edits, bool has_one_spelling = true) {
  const Bytes cell = keytrans::edit(honest, edits);
  const auto value = T::decode(cell);
  if (!value) {
    KT_ASSERT(value.error().code == Errc::corrupt);
    return;
  }
  if constexpr (std::is_same_v<T, Sent>)
    KT_ASSERT(value->values.size() <= Sent::kMaxValues && value->found.size() <= Sent::kMaxFound);
  const Bytes again = must(value->encode());
  KT_ASSERT(must(T::decode(again)) == *value);
  KT_ASSERT(again == cell || !has_one_spelling);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Bytes sent = honest(
      Sent{{hash(1), hash(2)}, {{hash(3), Version{4}, hash(1)}, {hash(3), Version{5}, hash(2)}}});
  static const Bytes head = honest(
      KnownFinalHead{log_of(1), Version{2}, {TreeSize{3}, hash(4), true}, Followed::to_the_end});
  static const Bytes home =
      honest(Home{{domain_of("example.com"), "/home/alice/token"},
                  RelayAccess{domain_of("example.net"), "/home/alice/other"}});
  if (size == 0) return 0;
  const ByteView edits(data + 1, size - 1);
  switch (data[0] % 3) {
    case 0: attack<Sent>(sent, edits); break;
    case 1: attack<KnownFinalHead>(head, edits); break;
    // An older format, and domains in capitals, are read as well.
    default: attack<Home>(home, edits, false);
  }
  return 0;
}
