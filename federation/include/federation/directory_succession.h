// Which of a domain's directory documents is believed, once one has been.
//
// A document follows another one at once when a log that was active before has signed it. Without
// that, whoever takes a domain over for an hour (its DNS, its web server) would name logs of their
// own: such a document is held down for 72 hours, in which the one before it stays in force, people
// are told, and the domain can take it back.
//
// Thread rule: plain values and a pure function.
#pragma once

#include <cstdint>
#include <optional>

#include "federation/directory_document.h"

namespace kt::federation {

inline constexpr std::uint64_t kHoldDownMs = std::uint64_t{72} * 60 * 60 * 1000;

struct HeldDirectory {
  DirectoryDocument document;
  Timestamp since;  // for kHoldDownMs
};

struct KnownDirectory {
  DirectoryDocument current;
  std::optional<HeldDirectory> held;
};

// What is known after the domain has published `next`, which was read at `now`:
//
//  - `next` is the current document, if it was that, has been held down for long enough, or is
//    signed by a log that was active before;
//  - else it is held, which is to raise an alarm when `known` did not hold it. It is held as long
//    as what was held before, if it follows that in the same way: so a domain that has lost its
//    keys may refresh its document meanwhile. Any other begins anew.
//
// What is held comes into force only when it is published still. A document that is refused changes
// nothing.
//
// Errors: rejected when `next` is not in force, or has a lower epoch than the current document, as
// a replayed one has; conflict when it has the same epoch and is another one: where a log has
// signed both, the two prove misbehaviour to anyone; verification_failed when a signature by a log
// of the current document does not hold. Requires: both are of one domain.
Result<KnownDirectory> follow(const KnownDirectory& known, const DirectoryDocument& next,
                              Timestamp now);

}  // namespace kt::federation
