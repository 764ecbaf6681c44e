// Binary HTTP from others: what is inside an encapsulated request or response. What is accepted is
// within the limits, and says the same when it is written again in either framing.

#include "federation/binary_http.h"
#include "must.h"

namespace {

using namespace kt;
using namespace kt::federation;

// Small enough that a small input can break them.
BinaryHttpLimits small_limits() {
  BinaryHttpLimits limits;
  limits.control = 16;
  limits.fields = 4;
  limits.field_bytes = 64;
  limits.content = 64;
  limits.informational = 2;
  return limits;
}

void check_fields(const BinaryFields& fields, const BinaryHttpLimits& limits) {
  KT_ASSERT(fields.size() <= limits.fields);
  std::size_t size = 0;
  for (const BinaryField& field : fields) size += field.name.size() + field.value.size();
  KT_ASSERT(size <= limits.field_bytes);
}

template <class T, class Decode, class Encode>
void check_round_trip(const T& message, Decode decode, Encode encode) {
  for (const BinaryFraming framing :
       {BinaryFraming::known_length, BinaryFraming::indeterminate_length})
    KT_ASSERT(must(decode(must(encode(message, framing)), BinaryHttpLimits{})) == message);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  for (const BinaryHttpLimits& limits : {BinaryHttpLimits{}, small_limits()}) {
    if (const auto request = decode_binary_request(input, limits)) {
      check_fields(request->fields, limits);
      check_fields(request->trailers, limits);
      KT_ASSERT(request->content.size() <= limits.content);
      KT_ASSERT(request->path.size() <= limits.control);
      check_round_trip(*request, decode_binary_request, encode_binary_request);
    }
    if (const auto response = decode_binary_response(input, limits)) {
      KT_ASSERT(response->status >= 200 && response->status <= 599);
      check_fields(response->fields, limits);
      KT_ASSERT(response->informational.size() <= limits.informational);
      KT_ASSERT(response->content.size() <= limits.content);
      check_round_trip(*response, decode_binary_response, encode_binary_response);
    }
  }
  return 0;
}
