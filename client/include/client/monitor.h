// Looking after what one has looked up, owns and trusts.
//
// Errors, and the thread rule: session.h.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "client/session.h"

namespace kt::client {

// One thing that was to be done, and what came of it.
struct Monitored {
  enum class Task : std::uint8_t {
    directory,      // a domain's document, and what its logs have of it
    newcomer,       // what the domain's logs show to somebody who is new
    contact,        // a label that was looked up
    owner,          // a label that is owned
    distinguished,  // the log entries that users compare
    final_head,     // the end of a log whose labels have moved to another one
    moved,          // an owned label that has moved, in the log it has moved to
  };
  Task task;
  std::string domain;  // of the log, when it is in a trusted document
  std::optional<LogId> log;
  std::string alias;
  Label label;  // of contact, owner and moved
  // What went wrong; nothing when it is done. A version of an owned label that was not published
  // from here is verification_failed.
  std::optional<Error> error = {};
  // Of `directory`, when it is done.
  std::optional<DomainNews> news = {};
};

struct MonitorReport {
  std::vector<Monitored> tasks;
  std::optional<Timestamp> next;  // when something is due again, if ever
};

// Does what is due, or with `all` everything there is to do: follows the documents of trusted
// domains, verifies that their logs have them under `kt:directory`, looks for forks in what the
// logs show to newcomers (evidence.h), and meets the obligations to monitor that the protocol makes
// of what was looked up and is owned. Goes on with the others when one fails; what is done is
// stored at once. Fails itself only when the state cannot be read.
//
// Of a log whose labels have moved to another one: its final head, which the other one has, stays
// what it was when it was first seen; the log's tree begins with it; what is owned there is
// followed to it, and owned in the other log from then on, where the value that was copied has to
// be the last one there. A log that has retired, or whose keys others may have, is not monitored
// any more. What was not verified of it by then is told of once.
//
// Logs are asked at their own endpoints, so that those are monitored, too, which a domain's
// document has taken out of its policy.
Result<MonitorReport> monitor(Session& session, bool all);

// --- What is known of logs -------------------------------------------------------------------

struct KnownLog {
  std::string domain;                // empty when no trusted document has the log
  std::optional<VerifiedTree> tree;  // its alias is empty then, too
  std::size_t contacts = 0;          // labels to monitor
  std::size_t owned = 0;             // labels that are owned
  std::size_t distinguished = 0;     // recent distinguished entries that are known
  std::optional<Timestamp> next;     // when something is due, if ever
};

// Of all logs that were asked ever, without asking anybody.
Result<std::vector<KnownLog>> known_logs(const Session& session);

}  // namespace kt::client
