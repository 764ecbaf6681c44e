#include "program/token_file.h"

#include <algorithm>

#include "keytrans/key_file.h"

namespace kt::program {

Result<keytrans::SecretBytes> read_token_file(const std::filesystem::path& file) {
  KT_TRY(auto token, keytrans::load_key_file(file));
  std::size_t size = token.size();
  while (size > 0 && (token.text()[size - 1] == '\n' || token.text()[size - 1] == '\r')) --size;
  token.shorten(size);
  const std::string_view text = token.text();
  // What a field of HTTP may hold without quotes.
  if (text.empty() ||
      std::any_of(text.begin(), text.end(), [](char c) { return c <= ' ' || c > '~'; }))
    return fail(Errc::malformed, "the token is not one line of printable characters");
  return token;
}

}  // namespace kt::program
