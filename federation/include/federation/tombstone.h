// What a label's last version in a log says when the label has moved to another log.
//
// A gateway writes it, never a user: reserved.h. Who looks a label up and finds one goes on in the
// successor, and only if it is the log that the domain's directory document names. Who follows any
// other one can be led anywhere by a log.
//
// Thread rule: plain values and pure functions.
#pragma once

#include "keytrans/types.h"

namespace kt::federation {

// struct {
//   opaque magic[16] = "ktgate-tombstone";
//   opaque successor[32];
//   uint64 migration_epoch;
// } Tombstone;
struct Tombstone {
  HashValue successor{};              // the LogId of the log that has the label now
  std::uint64_t migration_epoch = 0;  // of the directory document in force when it was made

  Result<Bytes> encode() const;
  // Errors: malformed.
  static Result<Tombstone> decode(ByteView value);

  friend bool operator==(const Tombstone&, const Tombstone&) = default;
};

// Whether a label whose greatest version has this value has moved to `successor`, and is to be
// asked for there.
// Errors: verification_failed when the value begins like a tombstone and is none, or names another
// successor: no honest gateway has written it.
Result<bool> has_moved(ByteView value, const LogId& successor);

}  // namespace kt::federation
