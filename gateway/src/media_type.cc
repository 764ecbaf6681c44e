#include "media_type.h"

#include <algorithm>

namespace kt::gateway {
namespace {

std::string_view trim(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

bool same(std::string_view a, std::string_view b) {
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [lower](char x, char y) { return lower(x) == lower(y); });
}

// The text up to `mark`, which is taken from `rest` together with it.
std::string_view next(std::string_view& rest, char mark) {
  const std::size_t end = std::min(rest.find(mark), rest.size());
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return trim(part);
}

// How well `range` fits: 0 for not at all, and more the more specific it is.
int fit(std::string_view range, std::string_view type) {
  if (same(range, type)) return 3;
  const std::size_t slash = type.find('/') + 1;
  if (range.ends_with("/*") && same(range.substr(0, range.size() - 1), type.substr(0, slash)))
    return 2;
  return range == "*/*" ? 1 : 0;
}

// Whether the parameters after a range have the weight 0, in any of its spellings.
bool is_refused(std::string_view parameters) {
  while (!parameters.empty()) {
    const std::string_view parameter = next(parameters, ';');
    if (parameter.size() > 2 && same(parameter.substr(0, 2), "q=") &&
        parameter.find_first_not_of("0.", 2) == std::string_view::npos)
      return true;
  }
  return false;
}

}  // namespace

bool accepts(std::string_view accept, std::string_view type) {
  if (trim(accept).empty()) return true;
  int best = 0;
  bool admitted = false;
  while (!accept.empty()) {
    std::string_view element = next(accept, ',');
    const int found = fit(next(element, ';'), type);
    if (found <= best) continue;
    best = found;
    admitted = !is_refused(element);
  }
  return admitted;
}

}  // namespace kt::gateway
