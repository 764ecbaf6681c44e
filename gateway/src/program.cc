#include "program.h"

#include <csignal>
#include <cstdio>
#include <exception>
#include <string>

#include "commands.h"

namespace kt::gateway {
namespace {

// The command that was named: "ktgate log create".
std::string command_of(const CLI::App& app) {
  const CLI::App* command = &app;
  std::string name = command->get_name();
  while (!command->get_subcommands().empty()) {
    command = command->get_subcommands().front();
    name += " " + command->get_name();
  }
  return name;
}

int complain(const CLI::App& app, const std::string& what, int code) {
  std::fprintf(stderr, "%s: %s\n", command_of(app).c_str(), what.c_str());
  return code;
}

void add_log_commands(CLI::App& app, Run& chosen) {
  CLI::App& group = *app.add_subcommand("log", "Make and look after transparency logs");
  add_log_create(group, chosen);
  add_log_stat(group, chosen);
  add_log_import(group, chosen);
  add_log_export(group, chosen);
  add_log_erase(group, chosen);
  add_log_fsck(group, chosen);
  add_log_backup(group, chosen);
  add_log_compact(group, chosen);
  add_log_prune(group, chosen);
  add_log_recover(group, chosen);
}

void add_auditor_commands(CLI::App& app, Run& chosen) {
  CLI::App& group = *app.add_subcommand("auditor", "Audit another party's log");
  add_auditor_create(group, chosen);
  add_auditor_bind(group, chosen);
  add_auditor_run(group, chosen);
  add_auditor_stat(group, chosen);
}

}  // namespace

int run_program(int argc, char** argv) {
  // A reader that went away is an error of the write, not the end of the program.
  std::signal(SIGPIPE, SIG_IGN);
  CLI::App app("A gateway and transparency log for Key Transparency.", "ktgate");
  app.set_version_flag("--version", "ktgate " KTGATE_VERSION);
  app.footer("Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.");
  Run chosen;
  add_check(app, chosen);
  add_serve(app, chosen);
  add_log_commands(app, chosen);
  add_auditor_commands(app, chosen);
  try {
    app.parse(argc, argv);
    if (!chosen) return complain(app, "a command is missing; --help lists them", kUsage);
    const Result<int> code = chosen();
    if (!code) return complain(app, code.error().detail, kFailed);
    if (std::fflush(stdout) != 0) return complain(app, "the output cannot be written", kFailed);
    return *code;
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // help, or the version
    return complain(app, error.what() + std::string("; --help explains"), kUsage);
  } catch (const std::exception& error) {
    return complain(app, error.what(), kFailed);
  }
}

}  // namespace kt::gateway
