#include "service_unit.h"

#include <algorithm>
#include <array>
#include <utility>

#include "service_unit_template.h"

namespace kt::gateway {
namespace {

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("/._-+").find(c) != std::string_view::npos;
}

Result<void> check_path(const std::filesystem::path& path) {
  const std::string& text = path.native();
  if (!path.is_absolute() || !std::all_of(text.begin(), text.end(), is_plain))
    return fail(Errc::malformed,
                "a path of a systemd unit may have letters, digits and /._-+ and nothing else");
  return {};
}

void replace_all(std::string& text, std::string_view what, std::string_view by) {
  for (std::size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
}

// Whether it is where ProtectHome hides what there is.
bool is_home(const std::filesystem::path& path) {
  constexpr std::array<std::string_view, 3> kHomes{"/home/", "/root/", "/run/user/"};
  return std::any_of(kHomes.begin(), kHomes.end(),
                     [&path](std::string_view home) { return path.native().starts_with(home); });
}

}  // namespace

Result<std::string> service_unit(const ServiceUnit& unit) {
  for (const auto* const path : {&unit.program, &unit.configuration, &unit.directory}) {
    KT_TRY(check_path(*path));
  }
  const bool in_home =
      is_home(unit.program) || is_home(unit.configuration) || is_home(unit.directory);
  const std::array<std::pair<std::string_view, std::string>, 5> values{
      {{"@PROGRAM@", unit.program},
       {"@CONFIGURATION@", unit.configuration},
       {"@STORAGE@", "ReadWritePaths=" + unit.directory.native()},
       {"@PROTECT_HOME@", in_home ? "no" : "yes"},
       {"@USER@", unit.user}}};
  std::string text(kServiceUnitTemplate);
  for (const auto& [name, value] : values) replace_all(text, name, value);
  return text;
}

}  // namespace kt::gateway
