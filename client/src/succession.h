// Labels that have moved from a log to its successor, as their owner knows them. Internal.
//
// Thread rule: that of a Session.
#pragma once

#include <optional>

#include "client/session.h"

namespace kt::client {

// Where the labels of a log of the document move to, or have moved. Nothing when they do not.
[[nodiscard]] std::optional<LogId> successor_of(const federation::Directory& directory,
                                                const federation::DirectoryLog& log);

[[nodiscard]] bool is_owned(const keytrans::ClientState& state, const Label& label);

// The log of the domain that `label` has left for `successor`, or is about to, and in which it is
// owned. Null when there is none.
Result<const federation::DirectoryLog*> owned_before(const Session& session,
                                                     const KnownDomain& domain,
                                                     const LogId& successor, const Label& label);

// What a label's first version in the new log is, by what its owner knows of the old one.
enum class Copy : std::uint8_t {
  none,     // no copy: the old log had no value, or it is what was sent from here
  same,     // the last value there
  changed,  // another value
  unknown,  // the old log cannot be asked any more, and nothing that would tell is known
};

// `first` is the value of version 0 in `to`, the successor of `from`. Asks `from` alone. A copy is
// known for one from then on (published_here.h).
// Requires: the label is owned in `from`.
Result<Copy> compare_copy(const Session& session, const KnownDomain& domain,
                          const federation::DirectoryLog& from, const LogId& to, const Label& label,
                          const Bytes& first);

// That a label which has left `from` is in `to`, where it was not found. Errors:
// verification_failed when `from` had a value of it by what its owner knows. Requires: the label is
// owned in `from`.
Result<void> verify_left_out(const Session& session, const KnownDomain& domain,
                             const federation::DirectoryLog& from,
                             const federation::DirectoryLog& to, const Label& label);

// What is said of one that was changed.
[[nodiscard]] tl::unexpected<Error> changed_copy(const federation::DirectoryLog& from,
                                                 const federation::DirectoryLog& to);

// A version of a label, or the greatest one, as the log itself shows it. Nothing when it says that
// there is none.
Result<std::optional<keytrans::SearchOutcome>> find_version(const Session& session,
                                                            const KnownDomain& domain,
                                                            const federation::DirectoryLog& log,
                                                            const Label& label,
                                                            std::optional<Version> version);

// How many versions that were sent from here, and not acknowledged, are looked at.
inline constexpr std::uint64_t kMaxUnknown = 8;

// What is said of a version that an owner does not know.
[[nodiscard]] tl::unexpected<Error> not_from_here(const std::string& log);

// Whether a label that is owned in `from` has moved, by the log itself: whether its greatest
// version is the tombstone, right after what its owner knows or has sent (published_here.h).
// Errors besides: verification_failed for any other version that the owner does not know.
Result<bool> has_moved(const Session& session, const KnownDomain& domain,
                       const federation::DirectoryLog& from, const Label& label);

}  // namespace kt::client
