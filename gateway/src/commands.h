// The commands of `ktgate`, each in a file of its own. Internal.
//
// A command adds itself to the group it belongs to, with its options and a help text that has an
// example. When the command line names it, it sets what is to run, and program.cc runs that. What
// is wrong with an option's text is a CLI::ValidationError while the command line is read.
#pragma once

#include <functional>

#include <CLI/CLI.hpp>

#include "keytrans/result.h"

namespace kt::gateway {

// What does a command. The result is the exit code.
using Run = std::function<Result<int>()>;

void add_auditor_bind(CLI::App& group, Run& chosen);
void add_auditor_create(CLI::App& group, Run& chosen);
void add_auditor_run(CLI::App& group, Run& chosen);
void add_auditor_stat(CLI::App& group, Run& chosen);
void add_check(CLI::App& app, Run& chosen);
void add_log_backup(CLI::App& group, Run& chosen);
void add_log_compact(CLI::App& group, Run& chosen);
void add_log_create(CLI::App& group, Run& chosen);
void add_log_erase(CLI::App& group, Run& chosen);
void add_log_export(CLI::App& group, Run& chosen);
void add_log_fsck(CLI::App& group, Run& chosen);
void add_log_import(CLI::App& group, Run& chosen);
void add_log_prune(CLI::App& group, Run& chosen);
void add_log_recover(CLI::App& group, Run& chosen);
void add_log_stat(CLI::App& group, Run& chosen);
void add_serve(CLI::App& app, Run& chosen);

}  // namespace kt::gateway
