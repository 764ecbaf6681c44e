// The head of a log that takes no updates any more: how far its users have to follow it after their
// labels have moved to another log.
//
// A gateway puts it into the successor, under a label that clients monitor as if they owned it, so
// that the end of a log is as visible, and as hard to change, as a key. Nothing that the old log
// says of a larger tree is about labels of users; where its keys are assumed to be known to others,
// nothing of that is to be accepted at all.
//
// Thread rule: plain values and pure functions.
#pragma once

#include "keytrans/types.h"

namespace kt::federation {

// struct {
//   uint64 tree_size;
//   opaque root[32];
//   uint8 is_compromised;  // 0 or 1
// } FinalHead;
struct FinalHead {
  TreeSize tree_size;
  HashValue root{};
  // Whether others may have the log's keys: whatever it has signed of a larger tree is refused.
  bool is_compromised = false;

  Result<Bytes> encode() const;
  // Errors: malformed.
  static Result<FinalHead> decode(ByteView value);

  friend bool operator==(const FinalHead&, const FinalHead&) = default;
};

// The label under which a log has the final head of `predecessor`.
[[nodiscard]] Label final_head_label(const LogId& predecessor);

}  // namespace kt::federation
