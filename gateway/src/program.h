// The program `ktgate`: its command line, and how a command ends. Internal.
#pragma once

namespace kt::gateway {

// Exit codes, which scripts rely on: docs/operating-logs.md.
inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;         // what was asked for did not happen
inline constexpr int kUsage = 2;          // nothing was tried: the command line makes no sense
inline constexpr int kInterrupted = 130;  // SIGINT or SIGTERM; what was under way was finished

// Runs what the command line asks for. Says why on stderr, in one line, when it is not done.
int run_program(int argc, char** argv);

}  // namespace kt::gateway
