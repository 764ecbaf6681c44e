#include "percent.h"

#include "keytrans/bytes.h"
#include "unicode.h"

namespace kt::federation {

Result<std::string> percent_decode(std::string_view text) {
  std::string decoded;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      decoded.push_back(text[at]);
      continue;
    }
    const auto byte = from_hex(text.substr(at + 1, 2));
    if (!byte || byte->size() != 1)
      return fail(Errc::malformed,
                  "a percent-encoding without two digits at byte " + std::to_string(at));
    decoded.push_back(static_cast<char>(byte->front()));
    at += 2;
  }
  KT_TRY(decode_utf8(decoded));
  return decoded;
}

}  // namespace kt::federation
