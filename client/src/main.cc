#include "commands.h"
#include "exit_codes.h"

int main(int argc, char** argv) {
  kt::program::CommandLine line(
      "kt", KTGATE_VERSION,
      "Looks people's keys up in transparency logs, publishes one's own, and verifies all of it.");
  line.set_exit_codes(kt::client::exit_code, kt::client::kExitCodes);
  const kt::program::Command root = line.root();
  kt::client::add_trust(root);
  kt::client::add_home(root);
  kt::client::add_lookup(root);
  kt::client::add_own(root);
  kt::client::add_publish(root);
  kt::client::add_monitor(root);
  kt::client::add_heads(root);
  kt::client::add_compare(root);
  kt::client::add_credential(root);
  kt::client::add_evidence(root);
  return line.run(argc, argv);
}
