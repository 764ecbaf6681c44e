#include <cstdio>
#include <filesystem>
#include <memory>
#include <pwd.h>
#include <string>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

#include "commands.h"
#include "configuration.h"
#include "configuration_example.h"
#include "federation/directory_client.h"
#include "federation/domain.h"
#include "federation/url.h"
#include "keytrans/base64url.h"
#include "keytrans/directory.h"
#include "keytrans/hash.h"
#include "keytrans/random.h"
#include "listen_address.h"
#include "local_socket.h"
#include "log/log.h"
#include "log_defaults.h"
#include "service_unit.h"
#include "store/files.h"
#include "store/new_directory.h"

namespace kt::gateway {
namespace {

namespace fs = std::filesystem;

struct InitOptions {
  std::string domain;
  fs::path directory;
  std::string listen = "127.0.0.1:8443";
  std::string url;
};

constexpr const char* kHelp =
    "Makes what a gateway for one domain begins with: a log with its keys, a configuration file\n"
    "and a systemd unit. Prints the token of who may write to the log, and what to do next.";

constexpr const char* kFooter =
    "DIR is made, or is an empty directory; without success it is left as it was. The files name\n"
    "it, so it cannot be moved later without changing them. Run this as the user who will run the\n"
    "gateway. The log has the defaults of ktgate log create, none of which can be changed later;\n"
    "for others make a log with that command and name it in the configuration file.\n\n"
    "Example:\n"
    "  ktgate init example.com /var/lib/ktgate/example.com";

constexpr const char* kAlias = "main";
constexpr const char* kWriter = "writer";
constexpr const char* kServiceUser = "ktgate";  // who runs it where root has made it
constexpr std::size_t kTokenSize = 32;
constexpr std::size_t kUserSize = std::size_t{1} << 16;  // of what the system says of a user
constexpr mode_t kReadable = 0644;
constexpr mode_t kOwnerOnly = 0600;

// Where the parts will be.
struct Parts {
  explicit Parts(const fs::path& directory)
      : log(directory / "main.log"),
        state(directory / "state"),
        socket(directory / "admin.socket"),
        configuration(directory / "ktgate.toml"),
        unit(directory / "ktgate.service") {}

  fs::path log;
  fs::path state;
  fs::path socket;
  fs::path configuration;
  fs::path unit;
};

// What the command line asks for, understood.
struct Plan {
  federation::Domain domain;
  fs::path directory;  // absolute
  federation::Url url;
  std::string listen;
  std::string user;
};

struct Made {
  LogId log;
  std::string token;
};

// Whom the files belong to, and so who can run the gateway.
Result<std::string> find_user() {
  const uid_t user = geteuid();
  if (user == 0) return std::string(kServiceUser);
  std::vector<char> buffer(kUserSize);
  passwd found{};
  passwd* result = nullptr;
  if (getpwuid_r(user, &found, buffer.data(), buffer.size(), &result) != 0 || result == nullptr)
    return fail(Errc::unavailable, "the user who runs this has no name");
  return std::string(found.pw_name);
}

bool is_user(const std::string& name) {
  std::vector<char> buffer(kUserSize);
  passwd found{};
  passwd* result = nullptr;
  return getpwnam_r(name.c_str(), &found, buffer.data(), buffer.size(), &result) == 0 &&
         result != nullptr;
}

Result<Plan> make_plan(const InitOptions& options) {
  auto domain = federation::Domain::parse(options.domain);
  if (!domain) return fail_in("DOMAIN", std::move(domain).error());
  auto url =
      options.url.empty() ? federation::directory_url(*domain) : federation::parse_url(options.url);
  if (!url) return fail_in("--url", std::move(url).error());
  if (!parse_listen_address(options.listen))
    return fail(Errc::malformed, "--listen: it has to be an IP address and a port");
  std::error_code error;
  fs::path directory = fs::absolute(options.directory, error).lexically_normal();
  if (error) return fail(Errc::unavailable, "DIR: " + error.message());
  if (!directory.has_filename()) directory = directory.parent_path();
  if (Parts(directory).socket.native().size() > kMaxSocketPathSize)
    return fail(Errc::malformed, "DIR: its path is too long for the admin socket in it");
  KT_TRY(std::string user, find_user());
  return Plan{*std::move(domain), std::move(directory), *std::move(url), options.listen,
              std::move(user)};
}

std::string configuration_text(const Plan& plan, const std::string& token) {
  const Parts parts(plan.directory);
  return example_configuration(
      {{"state", toml_string(parts.state.native())},
       {"listen.address", toml_string(plan.listen)},
       {"admin.socket", toml_string(parts.socket.native())},
       {"principal.name", toml_string(kWriter)},
       {"principal.token_sha256", toml_string(to_hex(keytrans::sha256(to_bytes(token))))},
       {"log.directory", toml_string(parts.log.native())},
       {"log.alias", toml_string(kAlias)},
       {"log.writer", toml_string(kWriter)},
       {"domain.name", toml_string(plan.domain.text())},
       {"domain.label_rule", toml_string("UsernameCaseMapped")},
       {"domain.policy", toml_string("single")},
       {"domain.logs", "[" + toml_string(kAlias) + "]"},
       {"domain.url", toml_string(plan.url.text())}});
}

Result<std::string> unit_text(const Plan& plan) {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (error) return fail(Errc::unavailable, "where this program is: " + error.message());
  return service_unit({program, Parts(plan.directory).configuration, plan.directory, plan.user});
}

// Puts everything into `directory`, which is going to be plan.directory, if it is not already.
Result<Made> fill(const Plan& plan, const fs::path& directory) {
  KT_TRY(const auto secret, keytrans::random_bytes<kTokenSize>());
  const std::string token = to_base64url(secret);
  const std::string configuration = configuration_text(plan, token);
  const Parts final_parts(plan.directory);
  // What could be wrong with it is what was given: the address, or http that others could read.
  KT_TRY(parse_configuration(configuration, final_parts.configuration));
  KT_TRY(const std::string unit, unit_text(plan));
  const Parts parts(directory);
  KT_TRY(const LogId log, log::create_log(parts.log, default_log_configuration()));
  KT_TRY(store::write_new_file(parts.unit, to_bytes(unit), kReadable));
  // Last: a directory without it is not finished.
  KT_TRY(store::write_new_file(parts.configuration, to_bytes(configuration), kOwnerOnly));
  KT_TRY(keytrans::sync_directory(directory));
  return Made{log, token};
}

// Fills the directory, which is there and empty, or leaves it empty.
Result<Made> fill_empty(const Plan& plan) {
  auto made = fill(plan, plan.directory);
  if (made) return made;
  std::error_code ignored;
  for (const fs::directory_entry& each : fs::directory_iterator(plan.directory, ignored))
    fs::remove_all(each.path(), ignored);
  return made;
}

Result<Made> make(const Plan& plan) {
  std::error_code error;
  if (fs::is_directory(fs::symlink_status(plan.directory, error))) {
    const bool is_empty = fs::is_empty(plan.directory, error);
    if (error) return fail(Errc::unavailable, "DIR: " + error.message());
    if (!is_empty) return fail(Errc::conflict, "DIR: there is something in it already");
    return fill_empty(plan);
  }
  Result<Made> made = fail(Errc::unavailable, "");
  KT_TRY(store::make_directory(plan.directory, [&](const fs::path& unfinished) -> Result<void> {
    made = fill(plan, unfinished);
    if (!made) return tl::unexpected<Error>(made.error());
    return {};
  }));
  return made;
}

void print(const Plan& plan, const Made& made) {
  const Parts parts(plan.directory);
  std::printf("log    %s\ntoken  %s\n\n", made.log.hex().c_str(), made.token.c_str());
  std::printf(
      "The token lets its bearer write to the log. It is kept nowhere, so note it now.\n\nNext:\n");
  if (geteuid() == 0 && !is_user(plan.user))
    std::printf("- Make the user who runs the gateway: useradd --system %s\n", plan.user.c_str());
  if (geteuid() == 0)
    std::printf("- Give everything to the user who runs the gateway: chown -R %s: %s\n",
                plan.user.c_str(), plan.directory.c_str());
  std::printf("- Look through %s, then: ktgate check %s\n", parts.configuration.c_str(),
              parts.configuration.c_str());
  std::printf("- Have %s lead to %s, through a proxy with TLS or with a certificate there.\n",
              plan.url.text().c_str(), plan.listen.c_str());
  std::printf("- Run it: ktgate serve %s\n  or: systemctl enable --now %s\n",
              parts.configuration.c_str(), parts.unit.c_str());
  std::printf("- Keep a copy of the keys in %s where nobody else can read it.\n",
              parts.log.c_str());
}

Result<int> init(const InitOptions& options) {
  KT_TRY(const Plan plan, make_plan(options));
  KT_TRY(const Made made, make(plan));
  print(plan, made);
  return program::kDone;
}

}  // namespace

void add_init(const program::Command& root) {
  const auto options = std::make_shared<InitOptions>();
  const program::Command command = root.add_command("init", kHelp);
  command.set_footer(kFooter);
  command.add_text("DOMAIN", options->domain, "Whose users the gateway is for").required();
  command.add_path("DIR", options->directory, "Where all of it will be").required();
  command
      .add_text("--listen", options->listen,
                "Where requests come in; without a certificate a loopback address. Default: "
                "127.0.0.1:8443")
      .type_name("ADDRESS");
  command
      .add_text("--url", options->url,
                "Where clients reach the gateway. Default: https://kt.DOMAIN")
      .type_name("URL");
  command.runs([options] { return init(*options); });
}

}  // namespace kt::gateway
