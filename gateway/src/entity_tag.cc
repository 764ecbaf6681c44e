#include "entity_tag.h"

#include <algorithm>

#include "keytrans/hash.h"

namespace kt::gateway {

std::string entity_tag(ByteView representation) {
  return '"' + to_hex(keytrans::sha256(representation)) + '"';
}

// The tags are compared weakly, so the mark of a weak one is not looked at.
bool has_tag(std::string_view if_none_match, std::string_view tag) {
  while (!if_none_match.empty()) {
    const std::size_t end = std::min(if_none_match.find(','), if_none_match.size());
    std::string_view each = if_none_match.substr(0, end);
    if_none_match.remove_prefix(std::min(end + 1, if_none_match.size()));
    const std::size_t first = each.find_first_not_of(" \t");
    if (first == std::string_view::npos) continue;
    each = each.substr(first, each.find_last_not_of(" \t") - first + 1);
    if (each == "*") return true;
    if (each.starts_with("W/")) each.remove_prefix(2);
    if (each == tag) return true;
  }
  return false;
}

}  // namespace kt::gateway
