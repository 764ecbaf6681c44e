// Comparing the distinguished entries of a log with those that somebody else knows, over a road
// that the log is not part of: read out, or scanned.
//
// Source: draft, "Detecting Forks". Errors, and the thread rule: session.h.
#pragma once

#include <string>
#include <string_view>

#include "client/session.h"
#include "keytrans/fork_evidence.h"

namespace kt::client {

// What one user shows to another: "kt1:" and, in base64url without padding,
//
//   struct { opaque log_id[32]; DistinguishedHead head; } Shown;
struct ShownHeads {
  LogId log;
  keytrans::DistinguishedHead head;

  [[nodiscard]] Result<std::string> text() const;
  // Errors: malformed.
  static Result<ShownHeads> parse(std::string_view text);

  friend bool operator==(const ShownHeads&, const ShownHeads&) = default;
};

struct CompareRequest {
  federation::Domain domain;
  std::string log;          // a LogId or an alias; may be empty when the domain has one active log
  bool is_offline = false;  // show what is known, and ask nobody
};

struct MyHeads {
  ShownHeads shown;
  VerifiedTree tree;
};

// The recent distinguished entries of a log, after it was asked for new ones.
// Errors besides: malformed when the domain has several logs and none is named; not_found when no
// distinguished entry is known.
Result<MyHeads> my_heads(Session& session, const CompareRequest& request);

}  // namespace kt::client
