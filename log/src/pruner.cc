#include "pruner.h"

#include <bit>

#include "closed_log.h"
#include "stored_versions.h"

namespace kt::log {
namespace {

// Records that one step changes, and that it reads to find values to give up.
constexpr std::size_t kStepRecords = 250;
constexpr std::size_t kStepReads = 2'000;

Result<std::uint64_t> parse_number_key(ByteView key) {
  if (key.size() != sizeof(std::uint64_t))
    return fail(Errc::corrupt, "a key of the log is no number");
  std::uint64_t number = 0;
  for (const std::uint8_t byte : key) number = number << 8U | byte;
  return number;
}

struct NumberedRecord {
  std::uint64_t number;
  Bytes value;
};

// The first record of a table whose keys are numbers.
Result<std::optional<NumberedRecord>> first_record(const store::Snapshot& snapshot,
                                                   store::Table table) {
  std::optional<NumberedRecord> first;
  KT_TRY(snapshot.scan(table, {}, [&first](const store::Record& record) -> Result<bool> {
    KT_TRY(const std::uint64_t number, parse_number_key(record.key));
    first = NumberedRecord{number, to_bytes(record.value)};
    return false;
  }));
  return first;
}

}  // namespace

Result<bool> Pruner::step(const State& state) {
  if (state.size() == TreeSize{0}) return false;
  Step step;
  {
    KT_TRY(const auto snapshot, store_.snapshot());
    KT_TRY(const EntryIndex first, first_unexpired(*snapshot, state));
    KT_TRY(give_up_nodes(*snapshot, first, step));
    KT_TRY(give_up_auditor_updates(*snapshot, state, first, step));
    if (walked_for_ != first) {
      walked_for_ = first;
      values_ = {};
      pseudonyms_ = {};
    }
    KT_TRY(give_up_values(*snapshot, first, step));
    KT_TRY(give_up_pseudonyms(*snapshot, first, step));
  }
  if (step.records > 0) {
    KT_TRY(const store::Committed committed, store_.commit(step.batch));
    if (committed != store::Committed::ok)
      return fail(Errc::unavailable, "the storage failed: the log has to be opened again");
    pruned_.nodes += step.pruned.nodes;
    pruned_.values += step.pruned.values;
    pruned_.auditor_updates += step.pruned.auditor_updates;
    pruned_.pseudonyms += step.pruned.pseudonyms;
  }
  return step.records > 0 || !values_.done || !pseudonyms_.done;
}

// Times ascend, so the first entry that is not expired can be looked for.
Result<EntryIndex> Pruner::first_unexpired(const store::Snapshot& snapshot,
                                           const State& state) const {
  std::uint64_t low = 0;
  std::uint64_t high = rightmost(state.size()).value();
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    KT_TRY(const auto bytes, snapshot.get(tables_.entries, number_key(middle)));
    if (!bytes) return fail(Errc::corrupt, "an entry of the log is missing");
    KT_TRY(const StoredEntry entry, decode_record<StoredEntry>(*bytes));
    if (elapsed_ms(entry.timestamp, state.timestamp) >= lifetime_) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return EntryIndex{low};
}

// What an entry superseded is in the trees before it, and in none from it on: it can go when the
// entry is the first that is not expired, or comes before that.
Result<void> Pruner::give_up_nodes(const store::Snapshot& snapshot, EntryIndex first,
                                   Step& step) const {
  KT_TRY(const auto superseded, first_record(snapshot, tables_.superseded));
  if (!superseded || superseded->number > first.value()) return {};
  KT_TRY(NodesByChunk nodes, decode_record<NodesByChunk>(superseded->value));
  return give_up_some(snapshot, superseded->number, std::move(nodes), step);
}

// As many of the nodes that the entry `superseder` superseded as a step may.
Result<void> Pruner::give_up_some(const store::Snapshot& snapshot, std::uint64_t superseder,
                                  NodesByChunk nodes, Step& step) const {
  while (!nodes.empty() && step.records < kStepRecords) {
    const auto [number, places] = *nodes.begin();
    KT_TRY(const auto chunk, snapshot.get(tables_.prefix, number_key(number)));
    if (!chunk) return fail(Errc::corrupt, "a chunk of the prefix tree is missing");
    KT_TRY(auto left, without_nodes(*chunk, places));
    if (left) {
      step.batch.put(tables_.prefix, number_key(number), *std::move(left));
    } else {
      step.batch.erase(tables_.prefix, number_key(number));
    }
    step.pruned.nodes += static_cast<std::uint64_t>(std::popcount(places));
    ++step.records;
    nodes.erase(nodes.begin());
  }
  if (nodes.empty()) {
    step.batch.erase(tables_.superseded, number_key(superseder));
  } else {
    step.batch.put(tables_.superseded, number_key(superseder), encode_record(nodes));
  }
  ++step.records;
  return {};
}

Result<void> Pruner::give_up_auditor_updates(const store::Snapshot& snapshot, const State& state,
                                             EntryIndex first, Step& step) const {
  if (!state.auditor_tree_head) return {};
  const std::uint64_t end = std::min(first.value(), state.auditor_tree_head->tree_size.value());
  return snapshot.scan(tables_.audit, {}, [&](const store::Record& record) -> Result<bool> {
    KT_TRY(const std::uint64_t entry, parse_number_key(record.key));
    if (entry >= end || step.records >= kStepRecords) return false;
    step.batch.erase(tables_.audit, to_bytes(record.key));
    ++step.pruned.auditor_updates;
    ++step.records;
    return true;
  });
}

Result<EntryIndex> Pruner::position(const store::Snapshot& snapshot, const Label& label,
                                    Version version) const {
  KT_TRY(const auto bytes, snapshot.get(tables_.versions, version_key(label, version)));
  if (!bytes) return fail(Errc::corrupt, "a version of the log is missing");
  KT_TRY(const StoredVersion stored, decode_record<StoredVersion>(*bytes));
  if (!stored.place) return fail(Errc::corrupt, "a version of the log is nowhere");
  return stored.place->position;
}

// A version that was replaced in the first unexpired entry, or before, is the greatest one in none
// that is not expired, and no search finds it any more. What was made in that entry itself is kept,
// for its owner may still have to be told of it.
Result<void> Pruner::give_up_values(const store::Snapshot& snapshot, EntryIndex first, Step& step) {
  if (values_.done) return {};
  std::optional<LabelVersion> before;
  std::size_t reads = 0;
  bool finished = true;
  KT_TRY(
      snapshot.scan(tables_.values, values_.from, [&](const store::Record& record) -> Result<bool> {
        KT_TRY(LabelVersion about, parse_version_key(record.key));
        values_.from = to_bytes(record.key);
        if (before && before->label == about.label) {
          const Version next{before->version.value() + 1};
          KT_TRY(const EntryIndex made, position(snapshot, before->label, before->version));
          KT_TRY(const EntryIndex replaced, position(snapshot, before->label, next));
          if (made < first && replaced <= first) {
            step.batch.erase(tables_.values, version_key(before->label, before->version));
            ++step.pruned.values;
            ++step.records;
          }
        }
        before = std::move(about);
        finished = step.records < kStepRecords && ++reads < kStepReads;
        return finished;
      }));
  values_.done = finished;
  return {};
}

// The label may be made anew then: no unexpired tree has a leaf of it, nor has what an auditor is
// sent of an unexpired entry.
Result<void> Pruner::give_up_pseudonyms(const store::Snapshot& snapshot, EntryIndex first,
                                        Step& step) {
  if (pseudonyms_.done) return {};
  std::size_t reads = 0;
  bool finished = true;
  KT_TRY(snapshot.scan(tables_.pseudonyms, pseudonyms_.from,
                       [&](const store::Record& record) -> Result<bool> {
                         KT_TRY(const auto pseudonym, decode_record<Pseudonym>(record.value));
                         pseudonyms_.from = to_bytes(record.key);
                         if (pseudonym.gone_since && *pseudonym.gone_since < first) {
                           step.batch.erase(tables_.pseudonyms, to_bytes(record.key));
                           ++step.pruned.pseudonyms;
                           ++step.records;
                         }
                         finished = step.records < kStepRecords && ++reads < kStepReads;
                         return finished;
                       }));
  pseudonyms_.done = finished;
  return {};
}

Result<Pruned> prune_log(const std::filesystem::path& directory) {
  KT_TRY(const ClosedLog log, open_closed_log(directory));
  if (!log.configuration.wire().maximum_lifetime) return Pruned{};
  Pruner pruner(*log.store, log.tables, log.configuration);
  while (true) {
    KT_TRY(const bool goes_on, pruner.step(log.state));
    if (!goes_on) return pruner.pruned();
  }
}

}  // namespace kt::log
