// Comparing the distinguished entries of a log with those that somebody else knows, over a road
// that the log is not part of: read out, or scanned. And comparing what a log shows on two roads,
// by one of which it does not know who asks.
//
// Source: draft, "Detecting Forks". Errors, and the thread rule: session.h.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/anonymous.h"
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

// --- Two roads -------------------------------------------------------------------------------

struct RoadsRequest {
  federation::Domain domain;
  keytrans::SecretBytes token;  // by which its gateway knows the user; empty for none
  std::chrono::milliseconds timeout = std::chrono::seconds(10);
};

// What one log has shown to a newcomer on each road.
struct ComparedLog {
  LogId log;
  std::string alias;
  std::optional<VerifiedTree> direct;     // nothing when it was not asked, or does not verify
  std::optional<VerifiedTree> anonymous;  // the same
  // Nothing when both show one history, and it is the one that is known. verification_failed when
  // it is not; anything else when nothing was compared, as one of the roads leads nowhere.
  std::optional<Error> error;
  std::vector<std::filesystem::path> evidence;  // what was saved of it
  // Others may have its keys, so it was not asked, and nothing of it was compared.
  bool is_left_out = false;
};

// Asks every log of a trusted domain that has not retired, and that is believed, as a newcomer,
// directly and through `relay`, and compares what they show with one another, with what newcomers
// were shown before, and with what is known. Goes on with the others when one of them fails. Logs
// that are not believed any more are in the result as well. `session` has the transport then that
// it had before. Errors besides: rejected when the domain has no log that is to be asked.
Result<std::vector<ComparedLog>> compare_roads(Session& session, Relay relay,
                                               const RoadsRequest& request);

}  // namespace kt::client
