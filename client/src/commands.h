// The commands of `kt`, each in a file of its own. Internal.
//
// A command adds itself to the program, with its options, a help text that has an example, and what
// it does.
#pragma once

#include "program/command_line.h"

namespace kt::client {

void add_compare(const program::Command& root);
void add_credential(const program::Command& root);
void add_evidence(const program::Command& root);
void add_heads(const program::Command& root);
void add_home(const program::Command& root);
void add_lookup(const program::Command& root);
void add_monitor(const program::Command& root);
void add_own(const program::Command& root);
void add_publish(const program::Command& root);
void add_trust(const program::Command& root);

}  // namespace kt::client
