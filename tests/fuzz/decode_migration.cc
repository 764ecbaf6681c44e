// Decodes the input as what a migration keeps in logs and in the gateway's state. What decodes must
// encode to the same bytes.

#include "federation/final_head.h"
#include "federation/reserved.h"
#include "federation/tombstone.h"
#include "journal_records.h"
#include "migration/record.h"

namespace {

template <class T>
void decode_and_encode(kt::ByteView input) {
  const auto read = T::decode(input);
  if (!read) return;
  const auto again = read->encode();
  KT_ASSERT(again.has_value() && kt::equal(*again, input));
}

// One of the format before this one is written as one of this.
void decode_record(kt::ByteView input) {
  const auto read = kt::migration::Record::decode(input);
  if (!read) return;
  const auto again = read->encode();
  KT_ASSERT(again.has_value());
  if (input[0] != 1) KT_ASSERT(kt::equal(*again, input));
  const auto same = kt::migration::Record::decode(*again);
  KT_ASSERT(same.has_value() && *same == *read);
}

void decode_journal(kt::ByteView input) {
  using namespace kt::migration;
  const auto is_same = [](const kt::Result<kt::Bytes>& again, kt::ByteView bytes) {
    return again.has_value() && kt::equal(*again, bytes);
  };
  const auto list = LabelList::decode(input);
  KT_ASSERT(!list || (list->count <= Journal::kMaxListed && is_same(list->encode(), input)));
  const auto activity = decode_activity(input);
  KT_ASSERT(!activity || is_same(encode_activity(*activity), input));
  constexpr std::size_t kKeySize = 8;
  if (input.size() < kKeySize) return;
  const kt::ByteView value = input.subspan(kKeySize);
  const auto intent = decode_intent(input.first(kKeySize), value);
  KT_ASSERT(!intent || (kt::equal(intent_key(intent->number), input.first(kKeySize)) &&
                        is_same(encode_intent(*intent), value)));
}

// A value leads to one log or to none, and only a tombstone leads anywhere.
void follow(kt::ByteView value) {
  const auto tombstone = kt::federation::Tombstone::decode(value);
  kt::HashValue other{};
  if (tombstone) other = tombstone->successor;
  const auto moved = kt::federation::has_moved(value, kt::LogId(other));
  KT_ASSERT((moved && *moved) == tombstone.has_value());
  KT_ASSERT(moved.has_value() || kt::federation::is_like_a_tombstone(value));
  other[0] ^= 1;
  const auto elsewhere = kt::federation::has_moved(value, kt::LogId(other));
  KT_ASSERT(!(elsewhere && *elsewhere));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const kt::ByteView input(data, size);
  decode_and_encode<kt::federation::Tombstone>(input);
  decode_and_encode<kt::federation::FinalHead>(input);
  decode_record(input);
  decode_journal(input);
  follow(input);
  return 0;
}
