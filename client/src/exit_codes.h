// The exit codes of `kt`, which scripts rely on: docs/client.md. Internal.
#pragma once

#include "program/command_line.h"

namespace kt::client {

inline constexpr int kNotFound = 3;
inline constexpr int kUnavailable = 4;
inline constexpr int kRefused = 5;
inline constexpr int kMisbehaviour = 6;

inline constexpr const char* kExitCodes =
    "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not found, 4 unavailable now, 5 refused,\n"
    "6 misbehaviour: something did not verify, and nothing of it was believed; 130 interrupted.";

[[nodiscard]] inline int exit_code(Errc code) {
  switch (code) {
    case Errc::malformed: return program::kUsage;
    case Errc::not_found: return kNotFound;
    case Errc::unavailable: return kUnavailable;
    case Errc::conflict:
    case Errc::rejected: return kRefused;
    case Errc::verification_failed: return kMisbehaviour;
    case Errc::corrupt: break;
  }
  return program::kFailed;
}

}  // namespace kt::client
