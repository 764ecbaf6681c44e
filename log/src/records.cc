#include "records.h"

#include "keytrans/codec.h"

namespace kt::log {
namespace {

using keytrans::Decoder;
using keytrans::Encoder;

constexpr std::uint16_t kFormat = 2;

template <class Io, class S>
void wire_child(Io& io, S& child) {
  io.number("PrefixChild.ref", child.ref);
  io.fixed("PrefixChild.hash", child.hash, child.hash.size());
}

template <class Io, class S>
void wire_head(Io& io, S& head) {
  io.number("TreeHead.tree_size", head.tree_size);
  io.template opaque<2>("TreeHead.signature", head.signature);
}

constexpr auto kHashElement = [](auto& io, auto& hash) { io.fixed("hash", hash, hash.size()); };

template <class Io, class S>
void wire_state(Io& io, S& s) {
  std::uint16_t format = kFormat;
  io.number("State.format", format);
  io.require(format == kFormat, "State.format", "is not one this program knows");
  wire_head(io, s.tree_head);
  io.template vector<1>("State.full_subtrees", s.full_subtrees, sizeof(HashValue), kHashElement);
  wire_child(io, s.prefix_tree);
  io.number("State.first_timestamp", s.first_timestamp);
  io.number("State.timestamp", s.timestamp);
  io.number("State.next_chunk", s.next_chunk);
  io.optional("State.auditor_tree_head", s.auditor_tree_head, [](auto& inner, auto& head) {
    inner.number("AuditorTreeHead.timestamp", head.timestamp);
    wire_head(inner, head);
  });
}

template <class Io, class S>
void wire_entry(Io& io, S& s) {
  io.number("StoredEntry.timestamp", s.timestamp);
  wire_child(io, s.prefix_tree);
}

template <class Io, class S>
void wire_version(Io& io, S& s) {
  io.optional("StoredVersion.place", s.place, [](auto& inner, auto& place) {
    inner.number("StoredVersion.position", place.position);
    inner.fixed("StoredVersion.commitment", place.commitment, place.commitment.size());
  });
  io.fixed("StoredVersion.vrf_output", s.vrf.output, s.vrf.output.size());
  io.template opaque<1>("StoredVersion.vrf_proof", s.vrf.proof);
}

template <class Io, class S>
void wire_value(Io& io, S& s) {
  io.fixed("CommittedValue.opening", s.opening, s.opening.size());
  io.template opaque<4>("CommittedValue.value", s.update.value);
  io.template opaque<2>("CommittedValue.signature", s.update.suffix.signature);
}

template <class Io, class S>
void wire_pseudonym(Io& io, S& s) {
  io.optional("Pseudonym.gone_since", s.gone_since,
              [](auto& inner, auto& entry) { inner.number("Pseudonym.gone_since", entry); });
}

// A chunk and the places in it.
struct ChunkPlaces {
  std::uint64_t chunk = 0;
  Places places = 0;
};

template <class Io, class S>
void wire_superseded(Io& io, S& s) {
  constexpr std::size_t kSize = sizeof(std::uint64_t) + sizeof(Places);
  io.template vector<4>("superseded", s, kSize, [](auto& inner, auto& nodes) {
    inner.number("superseded.chunk", nodes.chunk);
    inner.number("superseded.places", nodes.places);
  });
}

// What this program has made fits its own records.
Bytes finish(Encoder io) {
  auto bytes = std::move(io).finish();
  KT_ASSERT(bytes.has_value());
  return *std::move(bytes);
}

template <class T, class Wire>
Result<T> read(ByteView bytes, Wire wire, const char* what = "a record of the log: ") {
  T value;
  Decoder io(bytes);
  wire(io, value);
  if (auto finished = std::move(io).finish(); !finished)
    return fail(Errc::corrupt, what + finished.error().detail);
  return value;
}

template <class Io, class S>
void wire_erasure_key(Io& io, S& s) {
  io.number("rightmost", s.rightmost);
  io.label("label", s.label);
}

template <class Io, class S>
void wire_leaving_key(Io& io, S& s) {
  io.fixed("pseudonym", s.pseudonym, s.pseudonym.size());
  io.fixed("vrf_output", s.vrf_output, s.vrf_output.size());
}

}  // namespace

Result<Tables> Tables::open(store::Store& store, const LogId& log) {
  const std::string space = log.hex();
  KT_TRY(const store::Table state, store.table(space, "state"));
  KT_TRY(const store::Table entries, store.table(space, "entries"));
  KT_TRY(const store::Table nodes, store.table(space, "nodes"));
  KT_TRY(const store::Table prefix, store.table(space, "prefix"));
  KT_TRY(const store::Table versions, store.table(space, "versions"));
  KT_TRY(const store::Table values, store.table(space, "values"));
  KT_TRY(const store::Table audit, store.table(space, "audit"));
  KT_TRY(const store::Table superseded, store.table(space, "superseded"));
  KT_TRY(const store::Table erased, store.table(space, "erased"));
  KT_TRY(const store::Table erasures, store.table(space, "erasures"));
  KT_TRY(const store::Table leaving, store.table(space, "leaving"));
  KT_TRY(const store::Table pseudonyms, store.table(space, "pseudonyms"));
  return Tables{state, entries,    nodes,  prefix,   versions, values,
                audit, superseded, erased, erasures, leaving,  pseudonyms};
}

// --- Keys ------------------------------------------------------------------------------------

Bytes number_key(std::uint64_t number) {
  Encoder io;
  io.number("number", number);
  return finish(std::move(io));
}

Bytes node_key(keytrans::Subtree node) {
  Encoder io;
  io.number("level", node.level);
  io.number("start", node.start);
  return finish(std::move(io));
}

Bytes version_key(const Label& label, Version version) {
  Encoder io;
  io.label("label", label);
  io.number("version", version);
  return finish(std::move(io));
}

Bytes after_versions(const Label& label) {
  Bytes key = version_key(label, Version{0xffff'ffff});
  key.push_back(0);
  return key;
}

std::optional<Version> version_of(const Label& label, ByteView key) {
  Label found;
  Version version;
  Decoder io(key);
  io.label("label", found);
  io.number("version", version);
  if (!std::move(io).finish() || found != label) return std::nullopt;
  return version;
}

Bytes erasure_key(EntryIndex rightmost, const Label& label) {
  Encoder io;
  const PendingErasure erasure{rightmost, label};
  wire_erasure_key(io, erasure);
  return finish(std::move(io));
}

Bytes leaving_key(const HashValue& pseudonym, const HashValue& vrf_output) {
  Encoder io;
  const LeavingLeaf leaf{pseudonym, vrf_output};
  wire_leaving_key(io, leaf);
  return finish(std::move(io));
}

Result<PendingErasure> parse_erasure_key(ByteView key) {
  return read<PendingErasure>(
      key, [](auto& io, auto& s) { wire_erasure_key(io, s); }, "the key of a record: ");
}

Result<LeavingLeaf> parse_leaving_key(ByteView key) {
  return read<LeavingLeaf>(
      key, [](auto& io, auto& s) { wire_leaving_key(io, s); }, "the key of a record: ");
}

Bytes state_key() { return to_bytes("state"); }
Bytes configuration_key() { return to_bytes("configuration"); }

// --- Values ----------------------------------------------------------------------------------

Bytes encode_record(const State& state) {
  Encoder io;
  wire_state(io, state);
  return finish(std::move(io));
}

Bytes encode_record(const StoredEntry& entry) {
  Encoder io;
  wire_entry(io, entry);
  return finish(std::move(io));
}

Bytes encode_record(const StoredVersion& version) {
  Encoder io;
  wire_version(io, version);
  return finish(std::move(io));
}

Bytes encode_record(const keytrans::CommittedValue& value) {
  Encoder io;
  wire_value(io, value);
  return finish(std::move(io));
}

Bytes encode_record(const HashValue& node) { return to_bytes(node); }

Bytes encode_record(const Pseudonym& pseudonym) {
  Encoder io;
  wire_pseudonym(io, pseudonym);
  return finish(std::move(io));
}

Bytes encode_record(const NodesByChunk& nodes) {
  std::vector<ChunkPlaces> all;
  all.reserve(nodes.size());
  for (const auto& [chunk, places] : nodes) all.push_back({chunk, places});
  Encoder io;
  wire_superseded(io, all);
  return finish(std::move(io));
}

template <>
Result<State> decode_record(ByteView bytes) {
  return read<State>(bytes, [](auto& io, auto& s) { wire_state(io, s); });
}

template <>
Result<StoredEntry> decode_record(ByteView bytes) {
  return read<StoredEntry>(bytes, [](auto& io, auto& s) { wire_entry(io, s); });
}

template <>
Result<StoredVersion> decode_record(ByteView bytes) {
  return read<StoredVersion>(bytes, [](auto& io, auto& s) { wire_version(io, s); });
}

template <>
Result<keytrans::CommittedValue> decode_record(ByteView bytes) {
  return read<keytrans::CommittedValue>(bytes, [](auto& io, auto& s) { wire_value(io, s); });
}

template <>
Result<NodesByChunk> decode_record(ByteView bytes) {
  KT_TRY(const auto all,
         read<std::vector<ChunkPlaces>>(bytes, [](auto& io, auto& s) { wire_superseded(io, s); }));
  NodesByChunk nodes;
  for (const ChunkPlaces& each : all) {
    if ((!nodes.empty() && nodes.rbegin()->first >= each.chunk) || each.places == 0)
      return fail(Errc::corrupt, "a record of the log: superseded nodes are out of order");
    nodes.emplace_hint(nodes.end(), each.chunk, each.places);
  }
  return nodes;
}

template <>
Result<HashValue> decode_record(ByteView bytes) {
  return read<HashValue>(bytes, [](auto& io, auto& s) { io.fixed("node", s, s.size()); });
}

template <>
Result<Pseudonym> decode_record(ByteView bytes) {
  return read<Pseudonym>(bytes, [](auto& io, auto& s) { wire_pseudonym(io, s); });
}

}  // namespace kt::log
