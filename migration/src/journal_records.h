// What the tables of a Journal have besides Records, as it is kept. Internal.
//
// Formats: docs/formats.md, "A gateway's migrations". Thread rule: plain values.
#pragma once

#include "migration/journal.h"

namespace kt::migration {

// How many labels a list has that is in the tables.
struct LabelList {
  std::uint64_t count = 0;  // at most Journal::kMaxListed
  bool is_complete = false;

  [[nodiscard]] Result<Bytes> encode() const;
  // Errors of this and all that follow: corrupt for bytes that were not written so.
  static Result<LabelList> decode(ByteView value);

  friend bool operator==(const LabelList&, const LabelList&) = default;
};

[[nodiscard]] Bytes intent_key(std::uint64_t number);
Result<std::uint64_t> intent_number(ByteView key);

// The value; the number is the key.
Result<Bytes> encode_intent(const Intent& intent);
Result<Intent> decode_intent(ByteView key, ByteView value);

Result<Bytes> encode_activity(const Activity& activity);
Result<Activity> decode_activity(ByteView value);

}  // namespace kt::migration
