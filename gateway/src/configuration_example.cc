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

std::string show(const ConfigurationKey& key, bool is_commented_out) {
  std::string what = bounds(key);
  what.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(what.front())));
  const std::string restart = key.needs_restart ? " A change takes a restart." : "";
  return comment(std::string(key.help) + " " + what + "." + restart) +
         (is_commented_out ? "#" : "") + std::string(key.name) + " = " + default_or_example(key) +
         "\n";
}

// Whether the example does without the section: it may, and could not have it without saying more
// than defaults. What is within a section goes with it.
bool is_left_out(const ConfigurationSection& section) {
  const auto keys = configuration_keys();
  const bool needs_anything =
      std::any_of(keys.begin(), keys.end(), [&section](const ConfigurationKey& key) {
        return key.section == section.path && key.is_required;
      });
  const auto* const around = find_section(section.path.substr(0, section.path.find('.')));
  return (!section.is_required && needs_anything) || (around != &section && is_left_out(*around));
}

}  // namespace

std::string example_configuration() {
  std::string text;
  for (const ConfigurationKey& key : configuration_keys()) {
    if (key.section.empty()) text += show(key, !key.is_required);
  }
  for (const ConfigurationSection& section : configuration_sections()) {
    const std::string path(section.path);
    const bool left_out = is_left_out(section);
    text += (text.empty() ? "" : "\n") + comment(section.help) + (left_out ? "#" : "") +
            (section.is_repeated() ? "[[" + path + "]]" : "[" + path + "]") + "\n";
    for (const ConfigurationKey& key : configuration_keys()) {
      if (key.section == section.path) text += show(key, left_out || !key.is_required);
    }
  }
  return text;
}

}  // namespace kt::gateway
