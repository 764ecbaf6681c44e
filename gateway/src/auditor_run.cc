#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <poll.h>

#include "audited_log.h"
#include "auditor/log_auditor.h"
#include "commands.h"
#include "program/interrupt.h"
#include "program/token_file.h"

namespace kt::gateway {
namespace {

using auditor::AuditorState;
using auditor::LogAuditor;

struct RunCommand {
  std::filesystem::path directory;
  std::string url;
  std::filesystem::path token_file;
  std::filesystem::path authorities;
  std::uint64_t interval = 1000;  // milliseconds
  bool once = false;
};

// Milliseconds.
constexpr std::uint64_t kLongestPause = 30'000;
constexpr std::uint64_t kLongestInterval = 3'600'000;

constexpr const char* kHelp =
    "Follows the log: fetches each new entry, verifies it, signs what was verified, and hands the\n"
    "signed head to the log. Runs until SIGTERM.";

constexpr const char* kFooter =
    "URL is that of the gateway that serves the log. The token is what the gateway's operator "
    "gave\nthe auditor; its file is for its owner alone (mode 0600). An entry that does not verify "
    "is\nevidence against the log: it is kept in DIR, and the auditor ends with exit code 1 and "
    "signs\nnothing any more.\n\n"
    "Example:\n"
    "  ktgate auditor run /var/lib/ktgate/example.auditor https://kt.example.com \\\n"
    "      --token-file /etc/ktgate/auditor.token";

// Takes what is new from the log, and gives it what was signed. Stops early when `interrupt` came.
// Errors: those of LogAuditor and AuditedLog.
Result<void> catch_up(LogAuditor& auditor, AuditedLog& log, const program::Interrupt& interrupt) {
  if (auditor.state().needs_start) {
    KT_TRY(const keytrans::AuditorStart start, log.start());
    KT_TRY(auditor.start(start));
  }
  bool is_at_end = false;
  while (!is_at_end && !interrupt.came()) {
    const EntryIndex next = auditor.state().next_entry();
    KT_TRY(const std::vector<Bytes> updates, log.updates(next));
    is_at_end = updates.empty();
    if (!is_at_end) {
      KT_TRY(auditor.process(next, updates));
    }
    const AuditorState state = auditor.state();
    const bool is_to_be_signed =
        state.size > state.pushed && !state.behind &&
        state.size > TreeSize{auditor.configuration().wire().auditor_start_pos.value()};
    if (!is_to_be_signed) continue;
    KT_TRY(const keytrans::AuditorTreeHead head, auditor.sign());
    KT_TRY(log.push(head));
    KT_TRY(auditor.note_pushed(head.tree_size));
  }
  return {};
}

// Says what stands in the way, once, and when it is gone.
class Complaints {
 public:
  void say(const std::string& what) {
    if (what == last_) return;
    last_ = what;
    std::fprintf(stderr, "ktgate auditor run: %s; trying again\n", what.c_str());
  }
  void none() {
    if (!last_.empty()) std::fprintf(stderr, "ktgate auditor run: following the log again\n");
    last_.clear();
  }

 private:
  std::string last_;
};

// Whether it may go away by itself.
bool is_passing(const LogAuditor& auditor, const Error& error) {
  return error.code != Errc::corrupt && !auditor.state().refused;
}

Result<int> follow(const RunCommand& options) {
  const program::Interrupt interrupt;  // before there are threads
  auto url = federation::parse_url(options.url);
  if (!url) return fail_in("URL", std::move(url).error());
  auto token = program::read_token_file(options.token_file);
  if (!token) return fail_in("--token-file", std::move(token).error());
  KT_TRY(const auto auditor, LogAuditor::open(options.directory));
  if (const auto refused = auditor->state().refused) return fail(Errc::rejected, *refused);
  federation::HttpClientOptions client;
  client.authorities = options.authorities;
  KT_TRY(const auto log,
         AuditedLog::at(*url, client, auditor->configuration().id(), *std::move(token)));

  Complaints complaints;
  std::uint64_t pause = options.interval;
  while (!interrupt.came()) {
    const auto done = catch_up(*auditor, *log, interrupt);
    if (!done && (options.once || !is_passing(*auditor, done.error())))
      return tl::unexpected<Error>(done.error());
    if (options.once) return interrupt.came() ? program::kInterrupted : program::kDone;
    if (done) {
      complaints.none();
      pause = options.interval;
    } else {
      complaints.say(done.error().detail);
      pause = std::min(2 * pause, std::max(kLongestPause, options.interval));
    }
    pollfd wait{interrupt.descriptor(), POLLIN, 0};
    poll(&wait, 1, static_cast<int>(pause));
  }
  return program::kDone;
}

}  // namespace

void add_auditor_run(const program::Command& group) {
  const auto options = std::make_shared<RunCommand>();
  const program::Command command = group.add_command("run", kHelp);
  command.set_footer(kFooter);
  command.add_path("DIR", options->directory, "The auditor's directory").required();
  command.add_text("URL", options->url, "Where the log is served: https://HOST[:PORT]").required();
  command.add_path("--token-file", options->token_file, "The file with the auditor's token")
      .required();
  command.add_path("--authorities", options->authorities,
                   "PEM file of the certificate authorities to believe; default: the system's");
  command.add_duration("--interval", options->interval,
                       "How often to look for new entries (default: 1s, at most 1h)");
  command.add_flag("--once", options->once,
                   "End when all there is was verified, signed and handed over");
  command.runs([options] { return follow(*options); },
               [options]() -> Result<void> {
                 if (options->interval > kLongestInterval)
                   return fail(Errc::malformed, "--interval: is more than an hour");
                 return {};
               });
}

}  // namespace kt::gateway
