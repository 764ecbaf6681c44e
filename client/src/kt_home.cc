#include <cstdio>
#include <memory>

#include "client/anonymous.h"
#include "commands.h"
#include "common_options.h"
#include "output.h"

namespace kt::client {
namespace {

struct HomeOptions {
  CommonOptions common;
  std::string domain;
  std::filesystem::path token_file;
  std::string relay;
  std::filesystem::path relay_token_file;
  bool none = false;
};

constexpr const char* kHelp =
    "Says which domain is yours. Its gateway then passes on what you ask other domains, sealed so\n"
    "that it cannot read it, and they do not learn that it was you. Without DOMAIN, prints which\n"
    "one it is.";

constexpr const char* kFooter =
    "The domain has to be trusted: kt trust. From then on kt lookup asks other domains in that "
    "way\n"
    "unless it is told --direct. Your own domain cannot be its own relay, as it would learn both "
    "who\n"
    "asks and what; kt lookup --anonymous asks it through --relay, if there is one.\n\n"
    "Example:\n"
    "  kt home example.com --token-file ~/.config/kt/token";

Json token_json(const std::optional<RelayAccess>& access) {
  return access && !access->token_file.empty() ? Json(access->token_file.string()) : Json(nullptr);
}

void add_lines(Lines& lines, const char* what, const RelayAccess& access) {
  lines.emplace_back(what, access.domain.text());
  if (!access.token_file.empty()) lines.emplace_back("token", access.token_file.string());
}

void print_home(const std::optional<Home>& home, bool json) {
  const auto own = home ? std::optional(home->own) : std::nullopt;
  const auto elsewhere = home ? home->elsewhere : std::nullopt;
  if (json) {
    print(Json{{"domain", own ? Json(own->domain.text()) : Json(nullptr)},
               {"token_file", token_json(own)},
               {"relay", elsewhere ? Json(elsewhere->domain.text()) : Json(nullptr)},
               {"relay_token_file", token_json(elsewhere)}});
    return;
  }
  if (!own) {
    std::printf("no domain is your home\n");
    return;
  }
  Lines lines;
  add_lines(lines, "home", *own);
  if (elsewhere) add_lines(lines, "relay", *elsewhere);
  print(lines);
}

// What was given, when its domain is trusted and its token can be read.
Result<RelayAccess> access_of(const Session& session, const char* option, const std::string& domain,
                              const std::filesystem::path& token_file) {
  auto parsed = federation::Domain::parse(domain);
  if (!parsed) return fail_in(option, std::move(parsed).error());
  RelayAccess access{*std::move(parsed), {}};
  if (!token_file.empty()) access.token_file = std::filesystem::absolute(token_file);
  KT_TRY(open_relay(session, access));
  return access;
}

Result<int> set_home(const HomeOptions& options) {
  KT_TRY(const OpenSession opened, open_session(options.common, "home"));
  std::optional<Home> home;
  if (!options.none) {
    KT_TRY(auto own, access_of(opened.session, "DOMAIN", options.domain, options.token_file));
    home = Home{std::move(own), std::nullopt};
    if (!options.relay.empty()) {
      KT_TRY(home->elsewhere,
             access_of(opened.session, "--relay", options.relay, options.relay_token_file));
    }
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
  const program::Option relay =
      command
          .add_text("--relay", options->relay,
                    "Another domain that knows you, whose relay is for your own domain")
          .type_name("DOMAIN")
          .needs(domain);
  command
      .add_path("--relay-token-file", options->relay_token_file,
                "The token by which that one's gateway knows you")
      .type_name("FILE")
      .needs(relay);
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
