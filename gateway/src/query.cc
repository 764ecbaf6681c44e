#include "query.h"

#include <algorithm>

namespace kt::gateway {

std::vector<std::string_view> find_in_query(std::string_view query, std::string_view name) {
  std::vector<std::string_view> found;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (pair.starts_with(name) && pair.size() > name.size() && pair[name.size()] == '=')
      found.push_back(pair.substr(name.size() + 1));
  }
  return found;
}

}  // namespace kt::gateway
