// The records of a log, as they are read back from its database. The first byte of the input says
// which record, the rest is it or edits of one that the log would write. What decodes must encode
// to the same bytes.

#include <array>

#include "mutation.h"
#include "records.h"

namespace {

using namespace kt;
using namespace kt::log;

HashValue hash_of(std::uint8_t number) {
  HashValue hash{};
  hash.fill(number);
  return hash;
}

State honest_record(const State*) {
  State state;
  state.tree_head = {TreeSize{5}, Bytes(64, 1)};
  state.full_subtrees = {hash_of(2), hash_of(3)};
  state.prefix_tree = {0x1234, hash_of(4)};
  state.first_timestamp = Timestamp{1'700'000'000'000};
  state.timestamp = Timestamp{1'700'000'000'500};
  state.next_chunk = 9;
  state.auditor_tree_head.emplace();
  state.auditor_tree_head->timestamp = state.timestamp;
  state.auditor_tree_head->tree_size = TreeSize{4};
  state.auditor_tree_head->signature = Bytes(64, 5);
  return state;
}

StoredEntry honest_record(const StoredEntry*) {
  StoredEntry entry;
  entry.timestamp = Timestamp{1'700'000'000'000};
  entry.prefix_tree = {0x1234, hash_of(1)};
  return entry;
}

StoredVersion honest_record(const StoredVersion*) {
  StoredVersion version;
  version.place = VersionPlace{EntryIndex{7}, hash_of(1)};
  version.vrf = {hash_of(2), Bytes(80, 3)};
  return version;
}

keytrans::CommittedValue honest_record(const keytrans::CommittedValue*) {
  keytrans::CommittedValue value;
  value.opening.fill(1);
  value.update = {Bytes(20, 2), {Bytes(64, 3)}};
  return value;
}

HashValue honest_record(const HashValue*) { return hash_of(1); }

NodesByChunk honest_record(const NodesByChunk*) { return {{1, 0x8001}, {3, 0x0002}}; }

template <class Record>
void attack(ByteView input) {
  static const Bytes honest = encode_record(honest_record(static_cast<const Record*>(nullptr)));
  const Bytes bytes = keytrans::edit(honest, input);
  const Result<Record> record = decode_record<Record>(bytes);
  if (bytes == honest) KT_ASSERT(record.has_value());
  if (record) {
    KT_ASSERT(encode_record(*record) == bytes);
  } else {
    KT_ASSERT(record.error().code == Errc::corrupt);
  }
}

// A chunk of the prefix tree: its nodes read together and one by one, and with none of them
// removed.
void attack_chunk(ByteView input) {
  static const Bytes honest = [] {
    Bytes chunk{0};
    append_node(chunk, keytrans::PrefixLeaf{hash_of(1), hash_of(2)});
    append_node(chunk, keytrans::PrefixParent{{{{5, hash_of(3)}, {}}}});
    return chunk;
  }();
  const Bytes bytes = keytrans::edit(honest, input);
  const auto nodes = read_chunk(bytes);
  const auto unchanged = without_nodes(bytes, 0);
  KT_ASSERT(nodes.has_value() == unchanged.has_value());
  if (!nodes) return;
  bool some = false;
  for (unsigned place = 0; place < kChunkPlaces; ++place) {
    const auto node = read_node(bytes, place);
    const bool there = place < nodes->size() && (*nodes)[place].has_value();
    KT_ASSERT(node.has_value() == there);
    if (there) KT_ASSERT(*node == *(*nodes)[place]);
    some = some || there;
  }
  KT_ASSERT(unchanged->has_value() == some);
  if (some) KT_ASSERT(**unchanged == bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::array kRecords{attack<State>,         attack<StoredEntry>,
                                attack<StoredVersion>, attack<keytrans::CommittedValue>,
                                attack<HashValue>,     attack<NodesByChunk>,
                                attack_chunk};
  if (size == 0) return 0;
  kRecords[data[0] % kRecords.size()]({data + 1, size - 1});
  return 0;
}
