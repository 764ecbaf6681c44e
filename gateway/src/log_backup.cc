#include <cstdio>
#include <filesystem>
#include <memory>

#include "commands.h"
#include "log/backup.h"
#include "program/figures.h"

namespace kt::gateway {
namespace {

struct BackupCommand {
  std::filesystem::path directory;
  std::filesystem::path destination;
  bool no_keys = false;
};

constexpr const char* kHelp =
    "Copies a log that is not running to DEST, verifying every record. DEST has the log's private\n"
    "keys too, and has to be kept as safe as the log, unless --no-keys leaves them out.";

constexpr const char* kFooter =
    "To restore, put DEST/database in the place of DIR/database and leave DIR/head as it is: it "
    "has\n"
    "the highest head that the log signed. If anything was signed after the backup was made, the "
    "log\n"
    "refuses to open, for serving the old copy would fork it; see ktgate log recover --help. DEST "
    "as\n"
    "a whole opens as a log, and cannot know what the original has signed since: never run "
    "both.\n\n"
    "Example:\n"
    "  ktgate log backup /var/lib/ktgate/example.log /backup/example.log.2026-11-22";

Result<int> backup(const BackupCommand& options) {
  KT_TRY(const log::BackedUp done,
         log::back_up_log(options.directory, options.destination, {!options.no_keys}));
  std::printf("%llu records, %s, %s\n", static_cast<unsigned long long>(done.records),
              program::format_bytes(done.bytes).c_str(),
              options.no_keys ? "without the private keys" : "with the private keys");
  return 0;
}

}  // namespace

void add_log_backup(const program::Command& group) {
  const auto options = std::make_shared<BackupCommand>();
  const program::Command command = group.add_command("backup", kHelp);
  command.set_footer(kFooter);
  command.add_path("DIR", options->directory, "The log's directory").required();
  command.add_path("DEST", options->destination, "Where the copy will be; nothing may be there yet")
      .required();
  command.add_flag("--no-keys", options->no_keys, "Leave the private keys out");
  command.runs([options] { return backup(*options); });
}

}  // namespace kt::gateway
