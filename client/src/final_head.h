// How a log ends whose labels have moved to another one: its final head, which the successor has
// under a label of its own, and whether what the log shows is what that says. Internal.
//
// A final head that was seen once stays what it is. What is known of it is kept for as long as the
// state directory is, so that a log that comes back, or a head that is moved later, is noticed.
//
// Format: KnownFinalHead in docs/client.md. Thread rule: that of a Session.
#pragma once

#include <optional>

#include "client/session.h"
#include "federation/final_head.h"

namespace kt::client {

enum class Followed : std::uint8_t {
  not_yet = 0,  // something of the log is still to be verified
  to_the_end = 1,
  lost = 2,  // it retired before that was done, and the user was told
};

struct KnownFinalHead {
  LogId successor;  // that has it
  Version version;  // of its label there
  federation::FinalHead head;
  Followed followed = Followed::not_yet;

  Result<Bytes> encode() const;
  // Errors: corrupt for bytes that encode() did not write.
  static Result<KnownFinalHead> decode(ByteView bytes);

  friend bool operator==(const KnownFinalHead&, const KnownFinalHead&) = default;
};

// What is known of the end of a log; nothing when it has none, as far as is known.
Result<std::optional<KnownFinalHead>> load_final_head(const Session& session, const LogId& log);

// Whether a log is not to be asked anything any more, by what is known of its end: others may have
// its keys.
Result<bool> is_silent(const Session& session, const LogId& log);

// The final head of `log` of the domain's document, which is draining or retired, as its successor
// says now; noted. Errors besides those of session.h: verification_failed also when the successor
// has none, or another one than it had.
Result<KnownFinalHead> find_final_head(const Session& session, const KnownDomain& domain,
                                       const federation::DirectoryLog& log);

// Notes how far the log was followed.
Result<void> note_followed(const Session& session, const LogId& log, Followed followed);

// That the log's tree begins with its final head, and what was seen of the log before is a part of
// the same history; and where others may have its keys, that there is nothing after it.
// Errors besides those of session.h: verification_failed also when the log is smaller.
Result<void> compare_with_final_head(const Session& session, const KnownDomain& domain,
                                     const federation::DirectoryLog& log,
                                     const federation::FinalHead& head);

}  // namespace kt::client
