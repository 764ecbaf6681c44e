#include "log/check.h"

#include <cstdio>
#include <filesystem>
#include <memory>
#include <set>
#include <string>

#include "authoriser.h"
#include "certificate.h"
#include "commands.h"
#include "configuration.h"
#include "configuration_example.h"
#include "deployment_names.h"
#include "relay.h"
#include "upstream.h"

namespace kt::gateway {
namespace {

struct CheckOptions {
  std::filesystem::path file;
  bool keys = false;
};

constexpr const char* kHelp =
    "Checks a configuration file, and that what it names is there: certificate, key and logs.\n"
    "Changes nothing, and can be run beside a gateway that uses the same file.";

constexpr const char* kFooter =
    "Says where the first fault is, as FILE:LINE:COLUMN. Without one, prints a line for each log, "
    "and ok.\n"
    "What is stored in the logs is not looked at; that is for ktgate log fsck.\n\n"
    "Example:\n"
    "  ktgate check /etc/ktgate/gateway.toml\n"
    "  ktgate check --keys > gateway.toml";

Result<int> check(const std::filesystem::path& file) {
  KT_TRY(const GatewayConfiguration configuration, read_configuration(file));
  const ListenConfiguration& listen = configuration.listen;
  if (!listen.certificate.empty()) {
    KT_TRY(verify_key_pair(listen.certificate, listen.private_key));
  }
  if (!listen.client_authorities.empty()) {
    KT_TRY(verify_authorities(listen.client_authorities));
  }
  std::string lines;
  std::set<std::string> ids;
  for (const ServedLogConfiguration& served : configuration.logs) {
    const auto log = log::check_log(served.directory, served.options);
    if (!log) return fail_in("log " + served.alias, log.error());
    const std::string id = log->id().hex();
    if (!ids.insert(id).second)
      return fail(Errc::rejected, "log " + served.alias + ": it is a copy of another one");
    lines += "log " + served.alias + ": " + id + ", " + name_of(log->ciphersuite()) + ", " +
             name_of(log->mode()) + "\n";
  }
  for (const RemoteLogConfiguration& remote : configuration.remote_logs) {
    const auto files = read_upstream_files(remote);
    if (!files) return fail_in("remote log " + remote.alias, files.error());
    const std::string id = files->configuration.id().hex();
    if (!ids.insert(id).second)
      return fail(Errc::rejected, "remote log " + remote.alias + ": it is another log here, too");
    lines += "remote log " + remote.alias + ": " + id + ", " +
             name_of(files->configuration.ciphersuite()) + ", " +
             name_of(files->configuration.mode()) + ", at " + remote.url->text() + "\n";
  }
  if (const auto files = read_authoriser_files(configuration.authoriser); !files)
    return fail_in("authoriser", files.error());
  KT_TRY(read_peer_files(configuration.peers));
  std::printf("%sok\n", lines.c_str());
  return program::kDone;
}

Result<int> print_keys() {
  std::printf("%s", example_configuration().c_str());
  return program::kDone;
}

}  // namespace

void add_check(const program::Command& root) {
  const auto options = std::make_shared<CheckOptions>();
  const program::Command command = root.add_command("check", kHelp);
  command.set_footer(kFooter);
  const program::Option file = command.add_path("FILE", options->file, "The configuration file");
  command.add_flag("--keys", options->keys,
                   "Print a configuration file that shows and explains every key");
  command.runs([options] { return options->keys ? print_keys() : check(options->file); },
               [=]() -> Result<void> {
                 if (file.is_given() == options->keys)
                   return fail(Errc::malformed, "FILE: either that or --keys is needed");
                 return {};
               });
}

}  // namespace kt::gateway
