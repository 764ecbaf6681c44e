#include "raw_header.h"

#include <algorithm>

namespace kt::gateway {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

bool is_name(std::string_view text, std::string_view name) {
  return std::equal(text.begin(), text.end(), name.begin(), name.end(),
                    [](char a, char b) { return lower(a) == b; });
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t') || byte == 0x7f;
}

// Digits between optional spaces. A list of equal numbers, which a recipient may forgive, is none.
bool is_number(std::string_view value) {
  const std::size_t first = value.find_first_not_of(" \t");
  if (first == std::string_view::npos) return false;
  value = value.substr(first, value.find_last_not_of(" \t") + 1 - first);
  return std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; });
}

struct Seen {
  unsigned host = 0;
  unsigned length = 0;
  unsigned encoding = 0;

  bool has_length_of_digits = true;

  void count(std::string_view name, std::string_view value) {
    if (is_name(name, "host")) ++host;
    if (is_name(name, "content-length")) {
      ++length;
      has_length_of_digits = is_number(value);
    }
    if (is_name(name, "transfer-encoding")) ++encoding;
  }
};

}  // namespace

std::optional<const char*> find_fault(std::string_view header) {
  Seen seen;
  bool is_first = true;
  while (true) {
    const std::size_t end = header.find("\r\n");
    if (end == std::string_view::npos) return "a line does not end with CR LF";
    const std::string_view line = header.substr(0, end);
    header.remove_prefix(end + 2);
    if (std::any_of(line.begin(), line.end(), is_control))
      return "a line holds a control character";
    if (is_first) {
      if (line.empty()) return "the request line is empty";
      is_first = false;
      continue;
    }
    if (line.empty()) break;
    if (line.front() == ' ' || line.front() == '\t') return "a line continues the one before";
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) return "a field has no name";
    const std::string_view name = line.substr(0, colon);
    if (name.back() == ' ' || name.back() == '\t') return "a space follows a field's name";
    seen.count(name, line.substr(colon + 1));
  }
  if (!header.empty()) return "the header has an empty line inside";
  if (seen.host > 1) return "there is more than one Host";
  if (seen.length > 1) return "there is more than one Content-Length";
  if (!seen.has_length_of_digits) return "Content-Length is not a number";
  if (seen.encoding > 1) return "there is more than one Transfer-Encoding";
  if (seen.length > 0 && seen.encoding > 0)
    return "there are both Content-Length and Transfer-Encoding";
  return std::nullopt;
}

}  // namespace kt::gateway
