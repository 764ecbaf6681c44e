// What a log keeps, as keys and values of its tables: docs/formats.md, "A log". Internal.
//
// Decoding fails with `corrupt`: nobody but this program wrote what it reads.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "keytrans/log_source.h"
#include "keytrans/log_tree.h"
#include "prefix_chunk.h"
#include "store/store.h"

namespace kt::log {

// The tables of a log, in the space of its LogId.
struct Tables {
  store::Table state;
  store::Table entries;
  store::Table nodes;
  store::Table prefix;
  store::Table versions;
  store::Table values;
  store::Table audit;
  store::Table superseded;
  store::Table erased;
  store::Table erasures;
  store::Table leaving;
  store::Table pseudonyms;

  static Result<Tables> open(store::Store& store, const LogId& log);
};

// --- Keys ------------------------------------------------------------------------------------

[[nodiscard]] Bytes number_key(std::uint64_t number);
[[nodiscard]] Bytes node_key(keytrans::Subtree node);
// Ordered by label, then by version; no label's keys lie between those of another.
[[nodiscard]] Bytes version_key(const Label& label, Version version);
// Comes after the keys of all of the label's versions.
[[nodiscard]] Bytes after_versions(const Label& label);
// The version of a key of `label`, or nothing if it is another label's.
[[nodiscard]] std::optional<Version> version_of(const Label& label, ByteView key);

// Ordered by entry.
[[nodiscard]] Bytes erasure_key(EntryIndex rightmost, const Label& label);
// Ordered by pseudonym.
[[nodiscard]] Bytes leaving_key(const HashValue& pseudonym, const HashValue& vrf_output);

// A label that was erased and is still in the prefix tree.
struct PendingErasure {
  EntryIndex rightmost;  // the last entry from which its values may have been shown
  Label label;
};
Result<PendingErasure> parse_erasure_key(ByteView key);

// A leaf of a label that was erased, on its way out of the prefix tree.
struct LeavingLeaf {
  HashValue pseudonym{};  // the VRF output of version 0 of its label
  HashValue vrf_output{};
};
Result<LeavingLeaf> parse_leaving_key(ByteView key);

// --- Values ----------------------------------------------------------------------------------

// Where the log stands: one record, replaced with every entry.
struct State {
  keytrans::TreeHead tree_head;          // of size 0 and unsigned before the first entry
  std::vector<HashValue> full_subtrees;  // of the log tree
  keytrans::PrefixChild prefix_tree;     // of the rightmost entry
  Timestamp first_timestamp;             // of entry 0
  Timestamp timestamp;                   // of the rightmost entry
  std::uint64_t next_chunk = 1;
  std::optional<keytrans::AuditorTreeHead> auditor_tree_head;

  [[nodiscard]] TreeSize size() const { return tree_head.tree_size; }
};

struct StoredEntry {
  Timestamp timestamp;
  keytrans::PrefixChild prefix_tree;
};

// Where a version was inserted, and with what.
struct VersionPlace {
  EntryIndex position;
  HashValue commitment{};
};

// A label-version pair: its VRF, and where it is in the log if it exists.
struct StoredVersion {
  std::optional<VersionPlace> place;
  keytrans::VrfOutputAndProof vrf;
};

// What is remembered of an erased label, under its pseudonym, while unexpired trees have leaves of
// it: its name could not be given to anyone then.
struct Pseudonym {
  std::optional<EntryIndex> gone_since;  // the first entry without its leaves, once there is one
};

// Nodes of the prefix tree by the chunks they are in: those that an entry superseded.
using NodesByChunk = std::map<std::uint64_t, Places>;

[[nodiscard]] Bytes state_key();
[[nodiscard]] Bytes configuration_key();

Bytes encode_record(const State& state);
Bytes encode_record(const StoredEntry& entry);
Bytes encode_record(const StoredVersion& version);
Bytes encode_record(const keytrans::CommittedValue& value);
Bytes encode_record(const HashValue& node);
Bytes encode_record(const Pseudonym& pseudonym);
Bytes encode_record(const NodesByChunk& nodes);

template <class T>
Result<T> decode_record(ByteView bytes);

}  // namespace kt::log
