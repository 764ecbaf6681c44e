// A line of an import: what is accepted is within bounds and comes out of an export as it went in.

#include "keytrans/bytes.h"
#include "log_line.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kt::gateway;
  const auto line = parse_log_line({reinterpret_cast<const char*>(data), size});
  if (!line) return 0;
  KT_ASSERT(!line->label.bytes().empty() && line->value.size() <= kMaxValueSize);
  const auto again = parse_log_line(format_log_line(*line));
  KT_ASSERT(again.has_value() && *again == *line);
  return 0;
}
