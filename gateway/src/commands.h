// The commands of `ktgate`, each in a file of its own. Internal.
//
// A command adds itself to the group it belongs to, with its options, a help text that has an
// example, and what it does.
#pragma once

#include "program/command_line.h"

namespace kt::gateway {

void add_auditor_bind(const program::Command& group);
void add_auditor_create(const program::Command& group);
void add_auditor_run(const program::Command& group);
void add_auditor_stat(const program::Command& group);
void add_check(const program::Command& root);
void add_init(const program::Command& root);
void add_log_backup(const program::Command& group);
void add_log_compact(const program::Command& group);
void add_log_create(const program::Command& group);
void add_log_erase(const program::Command& group);
void add_log_export(const program::Command& group);
void add_log_fsck(const program::Command& group);
void add_log_import(const program::Command& group);
void add_log_leaf_key(const program::Command& group);
void add_log_prune(const program::Command& group);
void add_log_recover(const program::Command& group);
void add_log_stat(const program::Command& group);
void add_migrate(const program::Command& root);
void add_ohttp_rotate(const program::Command& group);
void add_serve(const program::Command& root);

}  // namespace kt::gateway
