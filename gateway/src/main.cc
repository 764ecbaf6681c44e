#include "commands.h"

namespace kt::gateway {
namespace {

void add_log_commands(const program::Command& root) {
  const program::Command group = root.add_command("log", "Make and look after transparency logs");
  add_log_create(group);
  add_log_leaf_key(group);
  add_log_stat(group);
  add_log_import(group);
  add_log_export(group);
  add_log_erase(group);
  add_log_fsck(group);
  add_log_backup(group);
  add_log_compact(group);
  add_log_prune(group);
  add_log_recover(group);
}

void add_auditor_commands(const program::Command& root) {
  const program::Command group = root.add_command("auditor", "Audit another party's log");
  add_auditor_create(group);
  add_auditor_bind(group);
  add_auditor_run(group);
  add_auditor_stat(group);
}

void add_ohttp_commands(const program::Command& root) {
  const program::Command group = root.add_command("ohttp", "Look after anonymous lookups");
  add_ohttp_rotate(group);
}

}  // namespace
}  // namespace kt::gateway

int main(int argc, char** argv) {
  kt::program::CommandLine line("ktgate", KTGATE_VERSION,
                                "A gateway and transparency log for Key Transparency.");
  const kt::program::Command root = line.root();
  kt::gateway::add_init(root);
  kt::gateway::add_check(root);
  kt::gateway::add_serve(root);
  kt::gateway::add_migrate(root);
  kt::gateway::add_log_commands(root);
  kt::gateway::add_auditor_commands(root);
  kt::gateway::add_ohttp_commands(root);
  return line.run(argc, argv);
}
