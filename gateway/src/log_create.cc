#include <cstdio>
#include <filesystem>
#include <limits>
#include <memory>
#include <string>
#include <system_error>

#include "commands.h"
#include "deployment_names.h"
#include "log/log.h"
#include "log_defaults.h"
#include "program/duration.h"

namespace kt::gateway {
namespace {

using keytrans::DeploymentMode;

struct CreateOptions {
  std::filesystem::path directory;
  std::filesystem::path configuration_file;
  keytrans::Configuration configuration;
  std::uint64_t maximum_lifetime = 0;  // milliseconds; 0 for none
  std::uint64_t auditor_start_pos = 0;
  std::uint64_t initial_padding = 0;
};

constexpr std::uint64_t kMaxInitialPadding = 10'000'000;

constexpr const char* kHelp =
    "Makes a new log: its private keys, its configuration and an empty database.\n"
    "Prints the LogId. None of the parameters can be changed later.";

constexpr const char* kFooter =
    "A public key is given as the cipher suite encodes it, in hexadecimal: 65 bytes (04, x, y)\n"
    "for P-256, 32 bytes for Ed25519. A duration is a whole number and ms, s, m, h or d.\n"
    "DIR/configuration is what clients need to know of the log, TLS-encoded.\n\n"
    "Example:\n"
    "  ktgate log create /var/lib/ktgate/example.log --max-behind 30m --maximum-lifetime 365d";

program::Option add_public_key(const program::Command& command, const std::string& name, Bytes& key,
                               const std::string& help) {
  const program::Take take = [&key](const std::string& text) -> Result<void> {
    auto parsed = from_hex(text);
    if (!parsed || parsed->empty())
      return fail(Errc::malformed, "is not a public key in hexadecimal");
    key = *std::move(parsed);
    return {};
  };
  return command.add_parsed(name, take, help).type_name("HEX");
}

// The parameters that were asked for.
keytrans::Configuration configuration_of(const CreateOptions& options) {
  keytrans::Configuration made = options.configuration;
  if (options.maximum_lifetime > 0) made.maximum_lifetime = options.maximum_lifetime;
  made.auditor_start_pos = EntryIndex{options.auditor_start_pos};
  if (made.mode != DeploymentMode::thirdPartyAuditing) made.max_auditor_lag = 0;
  return made;
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
  KT_TRY(const LogId id, log::create_log(options.directory, configuration_of(options)));
  if (options.initial_padding > 0) {
    log::LogOptions padded;
    padded.initial_padding = static_cast<std::uint32_t>(options.initial_padding);
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

keytrans::Configuration default_log_configuration() {
  keytrans::Configuration made;
  made.max_ahead = *program::parse_duration("1m");
  made.max_behind = *program::parse_duration("1h");
  made.reasonable_monitoring_window = *program::parse_duration("24h");
  return made;
}

void add_log_create(const program::Command& group) {
  const auto options = std::make_shared<CreateOptions>();
  options->configuration = default_log_configuration();
  keytrans::Configuration& made = options->configuration;
  made.max_auditor_lag = *program::parse_duration("24h");

  const program::Command command = group.add_command("create", kHelp);
  command.set_footer(kFooter);
  command.add_path("DIR", options->directory, "Where the log will be; nothing may be there yet")
      .required();
  command.add_choice(
      "--suite", kSuites, made.ciphersuite,
      "Cipher suite: p256 or ed25519. Default: p256, which more devices have in hardware");
  command.add_choice("--mode", kModes, made.mode,
                     "Deployment mode: contact-monitoring, third-party-management or "
                     "third-party-auditing. Default: contact-monitoring");
  command.add_duration("--max-ahead", made.max_ahead,
                       "How far a user's clock may be behind the log's. Default: 1m");
  command.add_duration(
      "--max-behind", made.max_behind,
      "How old the newest log entry may be for users to accept it; an idle log adds one "
      "after half of it. Default: 1h");
  command.add_duration("--reasonable-monitoring-window", made.reasonable_monitoring_window,
                       "How often users have to check what they own or rely on. Default: 24h");
  command.add_duration("--maximum-lifetime", options->maximum_lifetime,
                       "When entries expire and can be pruned. Default: never");
  const program::Option leaf_key =
      add_public_key(command, "--leaf-key", made.leaf_public_key,
                     "Public key with which the service operator signs each value. Needed in "
                     "third-party-management, where this log is the manager's");
  const program::Option auditor_key =
      add_public_key(command, "--auditor-key", made.auditor_public_key,
                     "The auditor's public key. Needed in third-party-auditing");
  const program::Option auditor_lag = command.add_duration(
      "--max-auditor-lag", made.max_auditor_lag,
      "How far the auditor may be behind before the log stops growing. Default: 24h");
  const program::Option auditor_start =
      command
          .add_number("--auditor-start-pos", options->auditor_start_pos,
                      std::numeric_limits<std::uint64_t>::max(),
                      "The first log entry that the auditor processes. Default: 0")
          .type_name("ENTRY");
  command
      .add_number("--initial-padding", options->initial_padding, kMaxInitialPadding,
                  "Fake label-versions to begin with, so that nobody can tell how many are real. "
                  "Default: 0")
      .type_name("NUMBER:UINT in [0 - " + std::to_string(kMaxInitialPadding) + "]");
  command
      .add_path("--configuration", options->configuration_file,
                "A file to write the configuration to, beside DIR/configuration")
      .type_name("FILE");

  command.runs(
      [options] { return create(*options); },
      [=]() -> Result<void> {
        const DeploymentMode mode = options->configuration.mode;
        const bool audited = mode == DeploymentMode::thirdPartyAuditing;
        const bool managed = mode == DeploymentMode::thirdPartyManagement;
        if (leaf_key.is_given() != managed)
          return fail(Errc::malformed,
                      "--leaf-key: belongs to --mode third-party-management, and is needed there");
        if (auditor_key.is_given() != audited)
          return fail(Errc::malformed,
                      "--auditor-key: belongs to --mode third-party-auditing, and is needed there");
        if (!audited && (auditor_lag.is_given() || auditor_start.is_given()))
          return fail(
              Errc::malformed,
              "--max-auditor-lag and --auditor-start-pos: belong to --mode third-party-auditing");
        return {};
      });
}

}  // namespace kt::gateway
