#include <cstdio>
#include <filesystem>
#include <memory>

#include "commands.h"
#include "log/compact.h"
#include "program/figures.h"

namespace kt::gateway {
namespace {

constexpr const char* kHelp =
    "Writes the database of a log that is not running anew, with nothing but what is in it. Gives\n"
    "back the room of what was pruned, and removes what is left of erased values in the file.";

constexpr const char* kFooter =
    "Needs room for a second copy of the database. The new one takes the old one's place at one\n"
    "instant, so the log is whole whenever this is stopped; if it is, start it again. What the "
    "file\n"
    "system, the disk and older backups keep of the old file is not in its reach.\n\n"
    "Example:\n"
    "  ktgate log compact /var/lib/ktgate/example.log";

Result<int> compact(const std::filesystem::path& directory) {
  KT_TRY(const store::Compacted done, log::compact_log(directory));
  std::printf("%llu records: %s before, %s after\n", static_cast<unsigned long long>(done.records),
              program::format_bytes(done.bytes_before).c_str(),
              program::format_bytes(done.bytes_after).c_str());
  return 0;
}

}  // namespace

void add_log_compact(const program::Command& group) {
  const auto directory = std::make_shared<std::filesystem::path>();
  const program::Command command = group.add_command("compact", kHelp);
  command.set_footer(kFooter);
  command.add_path("DIR", *directory, "The log's directory").required();
  command.runs([directory] { return compact(*directory); });
}

}  // namespace kt::gateway
