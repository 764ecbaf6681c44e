// Looking somebody up.
//
// Errors, and the thread rule: session.h.
#pragma once

#include <optional>
#include <string>

#include "client/session.h"

namespace kt::client {

struct LookupQuery {
  std::string identity;  // in any form of federation/identity.h
  // Of an identity that names none.
  std::optional<federation::Domain> default_domain;
  // The greatest one when nothing is given.
  std::optional<Version> version;
  // The LogId in hexadecimal, or the alias, of a log of the domain that is to be asked; empty for
  // the one that has the label.
  std::string log;
};

struct Found {
  federation::Domain domain;
  Label label;
  Version version;
  bool is_greatest = false;
  Bytes value;
  VerifiedTree tree;
  federation::Epoch epoch;  // of the directory document by which the log was chosen
  // When the version is to be monitored, if it is.
  std::optional<Timestamp> monitor_by;
};

// A value, verified in the log that has the label by the document of its domain, and while labels
// move, in both: that of the old log is then a tombstone. The domain's gateway is asked, or the log
// itself for a version or by its name. When the gateway's answer names
// a newer document, that is fetched and followed first.
//
// Errors besides: not_found also when the log says that it has no such label or version, which it
// cannot prove; rejected when the domain's document is not in force, when the log has retired, when
// the log that was named says that the label has moved, and for a version without a log's name
// while labels move from one log to another, because each has versions of its own;
// verification_failed also when a label has moved to another log than the document says.
Result<Found> lookup(Session& session, const LookupQuery& query);

}  // namespace kt::client
