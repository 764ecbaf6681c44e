// Who is asked about: an identity, its domain, its label, and the log that has it. Internal.
//
// Thread rule: that of a Session.
#pragma once

#include <optional>
#include <string>

#include "client/session.h"
#include "federation/identity.h"

namespace kt::client {

struct Subject {
  KnownDomain known;  // its document is in force
  Label label;
  LogId log;  // of the document; the new one while the label may still be in `from`
  // The log that says by a tombstone whether the label is in `log`, during a gradual migration.
  std::optional<LogId> from{};

  // The log in the document.
  [[nodiscard]] const federation::DirectoryLog& directory_log() const {
    return *known.current().find(log);
  }
  // The log `from` in the document. Requires: it is there.
  [[nodiscard]] const federation::DirectoryLog& directory_from() const {
    return *known.current().find(*from);
  }
};

// The log that `name` is the LogId in hexadecimal, or the alias, of.
// Errors: not_found; rejected for one that has retired.
Result<LogId> named_log(const federation::Directory& directory, const std::string& name);

// `log` is a LogId in hexadecimal or an alias, and then there is no `from`; empty for the log that
// has the label.
// Errors besides those of session.h: not_found for a log that is none of the domain's; rejected for
// one that has retired.
Result<Subject> find_subject(const KnownDomain& known, const federation::Identity& identity,
                             const std::string& log);

}  // namespace kt::client
