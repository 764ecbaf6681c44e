#include "journal_records.h"

#include <limits>
#include <string>
#include <utility>

#include "keytrans/codec.h"

namespace kt::migration {
namespace {

template <class Io, class Count, class Flag>
void wire_list(Io& io, Count& count, Flag& is_complete) {
  io.number("List.count", count);
  io.require(count <= Journal::kMaxListed, "List.count", "is too large");
  io.number("List.is_complete", is_complete);
  io.require(is_complete <= 1, "List.is_complete", "is neither 0 nor 1");
}

template <class Io, class Domain, class Name>
void wire_intent(Io& io, Domain& domain, Name& label) {
  io.template opaque<1>("Intent.domain", domain);
  io.label("Intent.label", label);
}

template <class Io, class S>
void wire_activity(Io& io, S& activity) {
  io.number("Activity.monitored", activity.monitored);
  io.number("Activity.monitorings", activity.monitorings);
  io.number("Activity.tombstones", activity.tombstones);
}

}  // namespace

Result<Bytes> LabelList::encode() const {
  keytrans::Encoder io;
  const std::uint8_t flag = is_complete ? 1 : 0;
  wire_list(io, count, flag);
  return std::move(io).finish();
}

Result<LabelList> LabelList::decode(ByteView value) {
  keytrans::Decoder io(value);
  LabelList list;
  std::uint8_t flag = 0;
  wire_list(io, list.count, flag);
  if (!std::move(io).finish()) return fail(Errc::corrupt, "a list of labels is none");
  list.is_complete = flag == 1;
  return list;
}

Bytes intent_key(std::uint64_t number) {
  Bytes key;
  for (int shift = 56; shift >= 0; shift -= 8)
    key.push_back(static_cast<std::uint8_t>(number >> static_cast<unsigned>(shift)));
  return key;
}

Result<std::uint64_t> intent_number(ByteView key) {
  keytrans::Decoder io(key);
  std::uint64_t number = 0;
  io.number("number", number);
  // The last one has none after it.
  io.require(number < std::numeric_limits<std::uint64_t>::max(), "number", "is too large");
  if (!std::move(io).finish()) return fail(Errc::corrupt, "the key of an intent is none");
  return number;
}

Result<Bytes> encode_intent(const Intent& intent) {
  keytrans::Encoder io;
  const Bytes name = to_bytes(std::string_view(intent.domain.text()));
  wire_intent(io, name, intent.label);
  return std::move(io).finish();
}

Result<Intent> decode_intent(ByteView key, ByteView value) {
  KT_TRY(const std::uint64_t number, intent_number(key));
  Bytes name;
  Label label;
  keytrans::Decoder io(value);
  wire_intent(io, name, label);
  if (!std::move(io).finish()) return fail(Errc::corrupt, "an intent is none");
  const std::string text(name.begin(), name.end());
  auto domain = federation::Domain::parse(text);
  if (!domain || domain->text() != text) return fail(Errc::corrupt, "an intent has no domain");
  return Intent{number, *std::move(domain), std::move(label)};
}

Result<Bytes> encode_activity(const Activity& activity) {
  keytrans::Encoder io;
  wire_activity(io, activity);
  return std::move(io).finish();
}

Result<Activity> decode_activity(ByteView value) {
  keytrans::Decoder io(value);
  Activity activity;
  wire_activity(io, activity);
  if (!std::move(io).finish()) return fail(Errc::corrupt, "what was seen of a migration is none");
  return activity;
}

}  // namespace kt::migration
