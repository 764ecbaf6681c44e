#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <system_error>

#include "commands.h"
#include "deployment_names.h"
#include "log/log.h"
#include "options.h"
#include "program/duration.h"

namespace kt::gateway {
namespace {

using keytrans::DeploymentMode;

struct CreateOptions {
  std::filesystem::path directory;
  std::filesystem::path configuration_file;
  keytrans::Configuration configuration;
  std::uint32_t initial_padding = 0;
};

constexpr std::uint32_t kMaxInitialPadding = 10'000'000;

constexpr const char* kHelp =
    "Makes a new log: its private keys, its configuration and an empty database.\n"
    "Prints the LogId. None of the parameters can be changed later.";

constexpr const char* kFooter =
    "A public key is given as the cipher suite encodes it, in hexadecimal: 65 bytes (04, x, y)\n"
    "for P-256, 32 bytes for Ed25519. A duration is a whole number and ms, s, m, h or d.\n"
    "DIR/configuration is what clients need to know of the log, TLS-encoded.\n\n"
    "Example:\n"
    "  ktgate log create /var/lib/ktgate/example.log --max-behind 30m --maximum-lifetime 365d";

CLI::Option* add_public_key(CLI::App& command, const std::string& name, Bytes& key,
                            const std::string& help) {
  return command
      .add_option_function<std::string>(
          name,
          [name, &key](const std::string& text) {
            auto parsed = from_hex(text);
            if (!parsed || parsed->empty())
              throw CLI::ValidationError(name, "is not a public key in hexadecimal");
            key = *std::move(parsed);
          },
          help)
      ->type_name("HEX");
}

// Refuses early what would otherwise be found when the log is there already.
Result<void> check_configuration_file(const std::filesystem::path& path) {
  std::error_code error;
  if (std::filesystem::exists(std::filesystem::symlink_status(path, error)))
    return fail(Errc::conflict, "--configuration: there is something at its path already");
  const auto parent = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  if (!std::filesystem::is_directory(parent, error))
    return fail(Errc::not_found, "--configuration: its directory is not there");
  return {};
}

Result<int> create(const CreateOptions& options) {
  const bool copies = !options.configuration_file.empty();
  if (copies) {
    KT_TRY(check_configuration_file(options.configuration_file));
  }
  KT_TRY(const LogId id, log::create_log(options.directory, options.configuration));
  if (options.initial_padding > 0) {
    log::LogOptions padded;
    padded.initial_padding = options.initial_padding;
    if (auto opened = log::Log::open(options.directory, padded); !opened)
      return fail_in("the log is made, but lacks some or all of its initial padding",
                     std::move(opened).error());
  }
  if (copies) {
    std::error_code error;
    std::filesystem::copy_file(options.directory / "configuration", options.configuration_file,
                               error);
    if (error)
      return fail(
          Errc::unavailable,
          "the log is made, but its configuration is only in its directory: " + error.message());
  }
  std::printf("%s\n", id.hex().c_str());
  return 0;
}

}  // namespace

void add_log_create(CLI::App& group, Run& chosen) {
  const auto options = std::make_shared<CreateOptions>();
  keytrans::Configuration& made = options->configuration;
  made.max_ahead = *program::parse_duration("1m");
  made.max_behind = *program::parse_duration("1h");
  made.reasonable_monitoring_window = *program::parse_duration("24h");
  made.max_auditor_lag = *program::parse_duration("24h");

  CLI::App& command = *group.add_subcommand("create", kHelp);
  command.footer(kFooter);
  command.add_option("DIR", options->directory, "Where the log will be; nothing may be there yet")
      ->required();
  add_choice(command, "--suite", kSuites, made.ciphersuite,
             "Cipher suite: p256 or ed25519. Default: p256, which more devices have in hardware");
  add_choice(command, "--mode", kModes, made.mode,
             "Deployment mode: contact-monitoring, third-party-management or "
             "third-party-auditing. Default: contact-monitoring");
  add_duration(command, "--max-ahead",
               "How far a user's clock may be behind the log's. Default: 1m",
               [&made](std::uint64_t value) { made.max_ahead = value; });
  add_duration(command, "--max-behind",
               "How old the newest log entry may be for users to accept it; an idle log adds one "
               "after half of it. Default: 1h",
               [&made](std::uint64_t value) { made.max_behind = value; });
  add_duration(command, "--reasonable-monitoring-window",
               "How often users have to check what they own or rely on. Default: 24h",
               [&made](std::uint64_t value) { made.reasonable_monitoring_window = value; });
  add_duration(command, "--maximum-lifetime",
               "When entries expire and can be pruned. Default: never",
               [&made](std::uint64_t value) { made.maximum_lifetime = value; });
  const auto* const leaf_key =
      add_public_key(command, "--leaf-key", made.leaf_public_key,
                     "Public key with which the service operator signs each value. Needed in "
                     "third-party-management, where this log is the manager's");
  const auto* const auditor_key =
      add_public_key(command, "--auditor-key", made.auditor_public_key,
                     "The auditor's public key. Needed in third-party-auditing");
  const auto* const auditor_lag =
      add_duration(command, "--max-auditor-lag",
                   "How far the auditor may be behind before the log stops growing. Default: 24h",
                   [&made](std::uint64_t value) { made.max_auditor_lag = value; });
  const auto* const auditor_start =
      command
          .add_option_function<std::uint64_t>(
              "--auditor-start-pos",
              [&made](std::uint64_t value) { made.auditor_start_pos = EntryIndex{value}; },
              "The first log entry that the auditor processes. Default: 0")
          ->type_name("ENTRY");
  command
      .add_option("--initial-padding", options->initial_padding,
                  "Fake label-versions to begin with, so that nobody can tell how many are real. "
                  "Default: 0")
      ->check(CLI::Range(std::uint32_t{0}, kMaxInitialPadding))
      ->type_name("NUMBER");
  command
      .add_option("--configuration", options->configuration_file,
                  "A file to write the configuration to, beside DIR/configuration")
      ->type_name("FILE");

  command.callback([=, &chosen] {
    const DeploymentMode mode = options->configuration.mode;
    const bool audited = mode == DeploymentMode::thirdPartyAuditing;
    const bool managed = mode == DeploymentMode::thirdPartyManagement;
    if ((leaf_key->count() > 0) != managed)
      throw CLI::ValidationError("--leaf-key",
                                 "belongs to --mode third-party-management, and is needed there");
    if ((auditor_key->count() > 0) != audited)
      throw CLI::ValidationError("--auditor-key",
                                 "belongs to --mode third-party-auditing, and is needed there");
    if (!audited && auditor_lag->count() + auditor_start->count() > 0)
      throw CLI::ValidationError("--max-auditor-lag and --auditor-start-pos",
                                 "belong to --mode third-party-auditing");
    if (!audited) options->configuration.max_auditor_lag = 0;
    chosen = [options] { return create(*options); };
  });
}

}  // namespace kt::gateway
