#include "configuration_example.h"

#include <algorithm>
#include <cctype>

#include "configuration_value.h"

namespace kt::gateway {
namespace {

constexpr std::size_t kWidth = 100;

// `words` as comments of a bounded width.
std::string comment(std::string_view words) {
  std::string lines;
  while (words.size() > kWidth - 2) {
    const std::size_t space = words.rfind(' ', kWidth - 2);
    lines += "# " + std::string(words.substr(0, space)) + "\n";
    words.remove_prefix(space + 1);
  }
  return lines + "# " + std::string(words) + "\n";
}

std::string show(const ConfigurationKey& key, const SetKeys& keys, bool is_commented_out) {
  const auto set = keys.find(key.path());
  std::string what = bounds(key);
  what.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(what.front())));
  const std::string restart = key.needs_restart ? " A change takes a restart." : "";
  return comment(std::string(key.help) + " " + what + "." + restart) +
         (is_commented_out && set == keys.end() ? "#" : "") + std::string(key.name) + " = " +
         (set == keys.end() ? default_or_example(key) : set->second) + "\n";
}

// Whether any key of the section is one for which `holds`.
template <class Predicate>
bool has_any(const ConfigurationSection& section, Predicate holds) {
  const auto keys = configuration_keys();
  return std::any_of(keys.begin(), keys.end(), [&](const ConfigurationKey& key) {
    return key.section == section.path && holds(key);
  });
}

// Whether the example does without the section: it may, and could not have it without saying more
// than defaults. What is within a section goes with it.
bool is_left_out(const ConfigurationSection& section, const SetKeys& keys) {
  if (has_any(section, [&keys](const ConfigurationKey& key) { return keys.contains(key.path()); }))
    return false;
  if (!section.is_required &&
      has_any(section, [](const ConfigurationKey& key) { return key.is_required; }))
    return true;
  const auto* const around = find_section(section.path.substr(0, section.path.find('.')));
  return around != &section && is_left_out(*around, keys);
}

}  // namespace

std::string toml_string(std::string_view text) {
  std::string value = "\"";
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (code < 0x20 || code == 0x7f) {
      value += "\\u00" + to_hex(Bytes{code});
      continue;
    }
    if (c == '"' || c == '\\') value += '\\';
    value += c;
  }
  return value + '"';
}

std::string example_configuration(const SetKeys& keys) {
  std::string text;
  for (const ConfigurationKey& key : configuration_keys()) {
    if (key.section.empty()) text += show(key, keys, !key.is_required);
  }
  for (const ConfigurationSection& section : configuration_sections()) {
    const std::string path(section.path);
    const bool left_out = is_left_out(section, keys);
    text += (text.empty() ? "" : "\n") + comment(section.help) + (left_out ? "#" : "") +
            (section.is_repeated() ? "[[" + path + "]]" : "[" + path + "]") + "\n";
    for (const ConfigurationKey& key : configuration_keys()) {
      if (key.section == section.path) text += show(key, keys, left_out || !key.is_required);
    }
  }
  return text;
}

}  // namespace kt::gateway
