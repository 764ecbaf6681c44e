#include <cstdio>
#include <filesystem>
#include <memory>

#include "commands.h"
#include "log/prune.h"

namespace kt::gateway {
namespace {

constexpr const char* kHelp =
    "Gives up what the maximum lifetime of a log that is not running allows to: old versions of "
    "the\n"
    "prefix tree, values that no search can prove any more, and what auditors were sent.";

constexpr const char* kFooter =
    "A running log does this by itself. Whether an entry is expired goes by the time of the last\n"
    "entry. The room is used again by the log; compact gives it back to the file system. May be\n"
    "stopped and started again.\n\n"
    "Example:\n"
    "  ktgate log prune /var/lib/ktgate/example.log";

Result<int> prune(const std::filesystem::path& directory) {
  KT_TRY(const log::Pruned pruned, log::prune_log(directory));
  std::printf(
      "given up: %llu nodes of the prefix tree, %llu values, %llu auditor updates, "
      "%llu pseudonyms\n",
      static_cast<unsigned long long>(pruned.nodes), static_cast<unsigned long long>(pruned.values),
      static_cast<unsigned long long>(pruned.auditor_updates),
      static_cast<unsigned long long>(pruned.pseudonyms));
  return 0;
}

}  // namespace

void add_log_prune(const program::Command& group) {
  const auto directory = std::make_shared<std::filesystem::path>();
  const program::Command command = group.add_command("prune", kHelp);
  command.set_footer(kFooter);
  command.add_path("DIR", *directory, "The log's directory").required();
  command.runs([directory] { return prune(*directory); });
}

}  // namespace kt::gateway
