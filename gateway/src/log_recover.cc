#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include "commands.h"
#include "log/recover.h"

namespace kt::gateway {
namespace {

using log::HeadFinding;
using log::HeadTrouble;

struct RecoverOptions {
  std::filesystem::path directory;
  bool confirmed = false;
};

constexpr const char* kHelp =
    "Makes a log open again whose database is not what the log has signed.\n\n"
    "DIR/head has the highest head that the log ever signed. A database that is behind it is an "
    "old\n"
    "copy: users have seen entries that it does not have, and whoever serves it signs a second\n"
    "history. Such a log is refused. This command forgets the highest head and takes the database "
    "as\n"
    "it is.\n\n"
    "It is dangerous. Users and auditors who saw a later head will detect a fork, keep the proof "
    "of\n"
    "it, and not trust the log again; updates that were acknowledged after the copy was made are\n"
    "lost. If a newer copy of the database can be found, put that into DIR/database instead, and "
    "no\n"
    "recovery is needed. If none can, a new log and a migration to it are the honest way; recovery "
    "is\n"
    "for a log of which nobody has seen what is lost. When only DIR/head was lost and the database "
    "is\n"
    "certainly the newest one, nothing is forked.";

constexpr const char* kFooter =
    "Without --yes-fork-the-log it says what it found and changes nothing. A log that needs no\n"
    "recovery is left alone.\n\n"
    "Example:\n"
    "  ktgate log recover /var/lib/ktgate/example.log\n"
    "  ktgate log recover /var/lib/ktgate/example.log --yes-fork-the-log";

std::string describe(const HeadFinding& finding) {
  const std::string entries = std::to_string(finding.database.value());
  const std::string highest =
      finding.highest ? std::to_string(finding.highest->value()) : std::string("unknown size");
  switch (finding.trouble) {
    case HeadTrouble::none: return "the database is what the log has signed";
    case HeadTrouble::behind:
      return "the database has " + entries + " entries, but a head of " + highest + " was signed";
    case HeadTrouble::beside:
      return "the database has " + entries + " entries, which are not those of the head of " +
             highest + " that was signed";
    case HeadTrouble::missing:
      return "the head file is missing, so nothing tells whether more was signed than the " +
             entries + " entries of the database";
    case HeadTrouble::unreadable:
      return "the head file is damaged, so nothing tells whether more was signed than the " +
             entries + " entries of the database";
  }
  return "unknown";
}

Result<int> recover(const RecoverOptions& options) {
  KT_TRY(const HeadFinding found, options.confirmed ? log::recover_log(options.directory)
                                                    : log::inspect_head(options.directory));
  if (found.trouble == HeadTrouble::none) {
    std::printf("nothing to recover: %s; nothing was changed\n", describe(found).c_str());
    return 0;
  }
  if (!options.confirmed)
    return fail(Errc::rejected, describe(found) +
                                    "; nothing was changed: --help says what recovery does, and "
                                    "--yes-fork-the-log does it");
  std::printf("%s\n", describe(found).c_str());
  std::printf("recovered: the log goes on from the %llu entries of the database\n",
              static_cast<unsigned long long>(found.database.value()));
  return 0;
}

}  // namespace

void add_log_recover(const program::Command& group) {
  const auto options = std::make_shared<RecoverOptions>();
  const program::Command command = group.add_command("recover", kHelp);
  command.set_footer(kFooter);
  command.add_path("DIR", options->directory, "The log's directory").required();
  command.add_flag("--yes-fork-the-log", options->confirmed,
                   "Do it, knowing what it means for those who saw more of the log");
  command.runs([options] { return recover(*options); });
}

}  // namespace kt::gateway
