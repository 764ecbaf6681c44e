#include "federation/alias.h"

#include <algorithm>

namespace kt::federation {
namespace {

constexpr std::size_t kMaxSize = 64;
constexpr std::size_t kLogIdDigits = 64;

bool is_hex_digit(char c) { return (c >= 'a' && c <= 'f') || (c >= '0' && c <= '9'); }
bool is_character(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; }

}  // namespace

bool is_alias(std::string_view text) {
  if (text.empty() || text.size() > kMaxSize) return false;
  if (text.size() == kLogIdDigits && std::all_of(text.begin(), text.end(), is_hex_digit))
    return false;
  return std::all_of(text.begin(), text.end(), is_character);
}

}  // namespace kt::federation
