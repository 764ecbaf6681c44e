#include <cstdio>
#include <memory>

#include "client/anonymous.h"
#include "commands.h"
#include "common_options.h"
#include "output.h"
#include "program/token_file.h"

namespace kt::client {
namespace {

struct HomeOptions {
  CommonOptions common;
  std::string domain;
  std::filesystem::path token_file;
  bool none = false;
};

constexpr const char* kHelp =
    "Says which domain is yours. Its gateway then passes on what you ask other domains, sealed so\n"
    "that it cannot read it, and they do not learn that it was you. Without DOMAIN, prints which\n"
    "one it is.";

constexpr const char* kFooter =
    "The domain has to be trusted: kt trust. From then on kt lookup asks other domains in that "
    "way\n"
    "unless it is told --direct.\n\n"
    "Example:\n"
    "  kt home example.com --token-file ~/.config/kt/token";

void print_home(const std::optional<Home>& home, bool json) {
  if (json) {
    const bool has_token = home && !home->token_file.empty();
    print(Json{{"domain", home ? Json(home->domain.text()) : Json(nullptr)},
               {"token_file", has_token ? Json(home->token_file.string()) : Json(nullptr)}});
    return;
  }
  if (!home) {
    std::printf("no domain is your home\n");
    return;
  }
  Lines lines{{"home", home->domain.text()}};
  if (!home->token_file.empty()) lines.emplace_back("token", home->token_file.string());
  print(lines);
}

Result<int> set_home(const HomeOptions& options) {
  KT_TRY(const OpenSession opened, open_session(options.common, "home"));
  std::optional<Home> home;
  if (!options.none) {
    auto domain = federation::Domain::parse(options.domain);
    if (!domain) return fail_in("DOMAIN", std::move(domain).error());
    home = Home{*std::move(domain), {}};
    keytrans::SecretBytes token;
    if (!options.token_file.empty()) {
      home->token_file = std::filesystem::absolute(options.token_file);
      KT_TRY(token, program::read_token_file(home->token_file));
    }
    KT_TRY(relay_of(opened.session, *home, std::move(token)));
  }
  KT_TRY(store_home(opened.session.state, home));
  print_home(home, options.common.json);
  return program::kDone;
}

Result<int> show_home(const HomeOptions& options) {
  KT_TRY(const OpenSession opened, open_session(options.common, "home"));
  KT_TRY(const auto home, load_home(opened.session.state));
  print_home(home, options.common.json);
  return program::kDone;
}

}  // namespace

void add_home(const program::Command& root) {
  const auto options = std::make_shared<HomeOptions>();
  const program::Command command = root.add_command("home", kHelp);
  command.set_footer(kFooter);
  const program::Option domain =
      command.add_text("DOMAIN", options->domain, "The domain, like example.com");
  command
      .add_path("--token-file", options->token_file,
                "The token by which its gateway knows you, in a file that only you can read")
      .type_name("FILE")
      .needs(domain);
  const program::Option none = command.add_flag("--none", options->none, "No domain any more");
  add_common_options(command, options->common);
  command.runs(
      [options, domain] {
        return domain.is_given() || options->none ? set_home(*options) : show_home(*options);
      },
      [domain, none]() -> Result<void> {
        if (domain.is_given() && none.is_given())
          return fail(Errc::malformed, "DOMAIN and --none: not both");
        return {};
      });
}

}  // namespace kt::client
