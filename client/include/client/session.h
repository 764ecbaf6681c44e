// What every function of this library is given: where its user's state is, how others are asked,
// and what time it is.
//
// All that is believed begins with a domain that the user trusts (trust.h): its directory document
// says which log has a label. A log's answers are verified by its own proofs against what was
// verified before; the gateway that carries them is not believed in anything. What a function
// returns is verified, and in the state directory. When it fails, nothing of what it was told is.
//
// Several processes may use one state directory: state_directory.h.
//
// Errors of all functions that take a Session, besides those they name:
//   malformed             what the caller gave is wrong
//   not_found             the domain is not trusted; or somebody says that there is none
//   unavailable           somebody cannot be reached or cannot answer now
//   rejected, conflict    somebody refuses, or a directory document is not to be believed
//   verification_failed   an answer does not verify: the log, the gateway or the clock is wrong
//   corrupt               the state directory contradicts itself
//
// Thread rule: a Session, and what is called with it, on one thread at a time.
#pragma once

#include <functional>

#include "client/known_domain.h"
#include "client/state_directory.h"
#include "client/transport.h"

namespace kt::client {

// What became of a domain's directory document.
enum class DomainChange : std::uint8_t {
  first,     // it is trusted from now on
  same,      // nothing is new
  followed,  // a document that follows the one before is believed
  held,      // one that does not follow is held down; the one before stays the one that is believed
};

struct DomainNews {
  KnownDomain known;
  DomainChange change = DomainChange::same;
  // What its logs have said of documents, under `kt:directory`, since that was looked at last: the
  // newest first, of each log. Nothing when it never was before.
  std::vector<SeenEntry> entries = {};
};

// The machine's time.
[[nodiscard]] Timestamp system_now();

struct Session {
  StateDirectory state;
  Transport* transport;  // borrowed
  std::function<Timestamp()> now = system_now;
  // Told when the document of a domain has changed while something else was done, once that is
  // stored: people want to know.
  std::function<void(const DomainNews&)> on_news = [](const DomainNews&) {};
};

// What is known of a log that was asked: its last verified tree.
struct VerifiedTree {
  LogId log;
  std::string alias;
  keytrans::DeploymentMode mode;
  keytrans::CipherSuite suite;
  TreeSize size;
  Timestamp rightmost;                         // when its last entry was made
  std::optional<TreeSize> audited;             // the size of the tree that its auditor signed last
  std::optional<Timestamp> audited_timestamp;  // and when the last entry in it was made
};

}  // namespace kt::client
