#include <cstdio>
#include <filesystem>
#include <memory>

#include "auditor/setup.h"
#include "commands.h"
#include "store/files.h"

namespace kt::gateway {
namespace {

struct BindCommand {
  std::filesystem::path directory;
  std::filesystem::path configuration;
};

// More than any configuration has.
constexpr std::size_t kMaxConfiguration = 65'536;

constexpr const char* kHelp = "Makes an auditor the one of a log, for good, and prints the LogId.";

constexpr const char* kFooter =
    "FILE is what ktgate log create --configuration wrote, or the answer to\n"
    "GET /kt/v1/logs/{log}/configuration; compare the LogId with the operator's. Its key has to "
    "be\nthe one that ktgate auditor create printed.\n\n"
    "Example:\n"
    "  ktgate auditor bind /var/lib/ktgate/example.auditor example.configuration";

Result<int> bind(const BindCommand& options) {
  auto bytes = store::read_small_file(options.configuration, kMaxConfiguration);
  if (!bytes) return fail_in("FILE", std::move(bytes).error());
  auto configuration = keytrans::decode<keytrans::Configuration>(*bytes);
  if (!configuration) return fail_in("FILE", std::move(configuration).error());
  KT_TRY(const LogId id, auditor::bind_auditor(options.directory, *std::move(configuration)));
  std::printf("%s\n", id.hex().c_str());
  return 0;
}

}  // namespace

void add_auditor_bind(const program::Command& group) {
  const auto options = std::make_shared<BindCommand>();
  const program::Command command = group.add_command("bind", kHelp);
  command.set_footer(kFooter);
  command.add_path("DIR", options->directory, "The auditor's directory").required();
  command.add_path("FILE", options->configuration, "The log's configuration").required();
  command.runs([options] { return bind(*options); });
}

}  // namespace kt::gateway
