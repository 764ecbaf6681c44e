#include "media_type.h"

#include <algorithm>
#include <optional>

namespace kt::gateway {
namespace {

constexpr unsigned kWhole = 1000;

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

// A weight in thousandths; nothing for what is none. RFC 9110, Section 12.4.2.
std::optional<unsigned> parse_weight(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return std::nullopt;
  if (text.size() > 1 && text[1] != '.') return std::nullopt;
  auto weight = static_cast<unsigned>(text[0] - '0');
  for (std::size_t i = 2; i < 5; ++i) {
    const char digit = i < text.size() ? text[i] : '0';
    if (digit < '0' || digit > '9') return std::nullopt;
    weight = weight * 10 + static_cast<unsigned>(digit - '0');
  }
  return weight > kWhole ? std::nullopt : std::optional(weight);
}

// That the parameters after a range give it. One that is none counts for nothing.
unsigned weight_in(std::string_view parameters) {
  while (!parameters.empty()) {
    const std::string_view parameter = next(parameters, ';');
    if (parameter.size() < 2 || !same(parameter.substr(0, 2), "q=")) continue;
    if (const auto weight = parse_weight(parameter.substr(2))) return *weight;
  }
  return kWhole;
}

// Of `type` in the field; 0 when it is not admitted.
unsigned weight_of(std::string_view accept, std::string_view type) {
  if (trim(accept).empty()) return kWhole;
  int best = 0;
  unsigned weight = 0;
  while (!accept.empty()) {
    std::string_view element = next(accept, ',');
    const int found = fit(next(element, ';'), type);
    if (found <= best) continue;
    best = found;
    weight = weight_in(element);
  }
  return weight;
}

}  // namespace

std::string lower_media_type(std::string_view field) {
  std::string type(field.substr(0, field.find(';')));
  while (type.ends_with(' ') || type.ends_with('\t')) type.pop_back();
  for (char& c : type) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  return type;
}

bool accepts(std::string_view accept, std::string_view type) { return weight_of(accept, type) > 0; }

bool prefers(std::string_view accept, std::string_view one, std::string_view other) {
  return weight_of(accept, one) > weight_of(accept, other);
}

}  // namespace kt::gateway
