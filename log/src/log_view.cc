#include "log_view.h"

#include "keytrans/commitment.h"

namespace kt::log {
namespace {

using keytrans::Subtree;

// Subtrees in the order of their middles, counted in half entries.
std::uint64_t number_of(Subtree node) {
  return 2 * node.start + (std::uint64_t{1} << node.level) - 1;
}

tl::unexpected<Error> missing(const char* what) {
  return fail(Errc::corrupt, std::string(what) + " of the log is missing");
}

tl::unexpected<Error> no_such_entry() {
  return fail(Errc::not_found, "there is no such log entry");
}

tl::unexpected<Error> no_such_version() {
  return fail(Errc::not_found, "there is no such version of the label");
}

}  // namespace

Result<keytrans::TreeHead> LogView::tree_head() const {
  if (state_->size() == TreeSize{0}) return fail(Errc::unavailable, "the log is empty");
  return state_->tree_head;
}

Result<keytrans::AuditorTreeHead> LogView::auditor_tree_head() const {
  if (!state_->auditor_tree_head) return fail(Errc::unavailable, "the auditor has not signed yet");
  return *state_->auditor_tree_head;
}

// --- The log tree ----------------------------------------------------------------------------

Result<StoredEntry> LogView::stored_entry(EntryIndex index) const {
  if (index.value() >= state_->size().value()) return no_such_entry();
  const ReadCache::Key key{ReadCache::Kind::entry, index.value()};
  if (cache_ != nullptr) {
    if (const auto record = cache_->find(key)) return decode_record<StoredEntry>(record->view());
  }
  KT_TRY(const auto bytes, snapshot_->get(tables_.entries, number_key(index.value())));
  if (!bytes) return missing("an entry");
  KT_TRY(const StoredEntry entry, decode_record<StoredEntry>(*bytes));
  if (cache_ != nullptr) cache_->put(key, *bytes);
  return entry;
}

bool LogView::is_expired(const StoredEntry& entry) const {
  const auto& lifetime = configuration_.wire().maximum_lifetime;
  return lifetime && elapsed_ms(entry.timestamp, state_->timestamp) >= *lifetime;
}

Result<keytrans::LogEntry> LogView::entry(EntryIndex index) const {
  KT_TRY(const StoredEntry stored, stored_entry(index));
  return keytrans::LogEntry{stored.timestamp, stored.prefix_tree.hash};
}

Result<keytrans::PrefixChild> LogView::prefix_tree(EntryIndex index) const {
  KT_TRY(const StoredEntry stored, stored_entry(index));
  // Whether it is still there or was given up already, the answer is the same.
  if (is_expired(stored)) return fail(Errc::not_found, "the log entry is expired");
  return stored.prefix_tree;
}

Result<HashValue> LogView::node(Subtree node) const {
  if (node.end() > state_->size().value() || node.end() <= node.start) return no_such_entry();
  if (node.is_leaf()) {
    KT_TRY(const StoredEntry stored, stored_entry(EntryIndex{node.start}));
    return keytrans::log_leaf_value(stored.timestamp, stored.prefix_tree.hash);
  }
  const ReadCache::Key key{ReadCache::Kind::log_node, number_of(node)};
  if (cache_ != nullptr) {
    if (const auto record = cache_->find(key)) return decode_record<HashValue>(record->view());
  }
  KT_TRY(const auto bytes, snapshot_->get(tables_.nodes, node_key(node)));
  if (!bytes) return missing("a node");
  KT_TRY(const HashValue value, decode_record<HashValue>(*bytes));
  if (cache_ != nullptr) cache_->put(key, *bytes);
  return value;
}

Result<HashValue> LogView::root_at(TreeSize size) const {
  std::vector<HashValue> heads;
  for (const Subtree& subtree : keytrans::full_subtrees(size)) {
    KT_TRY(const HashValue head, node(subtree));
    heads.push_back(head);
  }
  return keytrans::log_root(size, heads);
}

// --- Labels ----------------------------------------------------------------------------------

Result<std::optional<StoredVersion>> LogView::stored(const Label& label, Version version) const {
  if (known_version_ && known_version_->version == version && known_version_->label == label)
    return std::optional<StoredVersion>(known_version_->stored);
  KT_TRY(const auto bytes, snapshot_->get(tables_.versions, version_key(label, version)));
  if (!bytes) return std::optional<StoredVersion>();
  KT_TRY(StoredVersion stored, decode_record<StoredVersion>(*bytes));
  return std::optional<StoredVersion>(std::move(stored));
}

Result<VersionPlace> LogView::place(const Label& label, Version version) const {
  KT_TRY(const auto stored, this->stored(label, version));
  if (stored && stored->place && stored->place->position.value() < state_->size().value())
    return *stored->place;
  // Versions have no gaps: below the greatest one each has a record that says where it is.
  KT_TRY(const std::optional<Version> greatest, greatest_version(label, rightmost(state_->size())));
  if (greatest && version <= *greatest) return missing("a version");
  return no_such_version();
}

Result<bool> LogView::is_erased(const Label& label, Version greatest) const {
  KT_TRY(const auto erased, snapshot_->get(tables_.erased, version_key(label, greatest)));
  return erased.has_value();
}

Result<bool> LogView::has_pseudonyms() const {
  KT_TRY(const std::uint64_t count, snapshot_->count(tables_.pseudonyms));
  return count > 0;
}

Result<bool> LogView::is_removed(const HashValue& pseudonym) const {
  KT_TRY(const auto remembered, snapshot_->get(tables_.pseudonyms, pseudonym));
  return remembered.has_value();
}

// The versions of a label that do not exist are those of the ladder above the greatest, so only a
// few are passed over.
Result<LogView::Greatest> LogView::find_greatest(const Label& label) const {
  Bytes end = after_versions(label);
  while (true) {
    KT_TRY(const auto record, snapshot_->last_before(tables_.versions, end));
    const auto version = record ? version_of(label, record->key) : std::nullopt;
    if (!version) {
      if (absence_ == Absence::proven) {
        KT_TRY(prove_absence(label));
      }
      return Greatest{label, std::nullopt, {}};
    }
    KT_TRY(StoredVersion stored, decode_record<StoredVersion>(record->value));
    if (stored.place && stored.place->position.value() < state_->size().value()) {
      const EntryIndex position = stored.place->position;
      known_version_ = KnownVersion{label, *version, std::move(stored)};
      return Greatest{label, *version, position};
    }
    end = to_bytes(record->key);
  }
}

// A database that lost a record must not make the log deny a label. Every label in the log has a
// version 0 in the prefix tree, whose hashes the log has signed.
Result<void> LogView::prove_absence(const Label& label) const {
  KT_TRY(const keytrans::VrfOutputAndProof vrf,
         vrf_key_.prove(keytrans::vrf_input(label, Version{0})));
  // Older trees have leaves of a label that was removed, or this one still has some, and what the
  // log is asked may be about them: nothing can be proved of it.
  KT_TRY(const bool removed, is_removed(vrf.output));
  if (removed) return fail(Errc::not_found, "the label is not in the log");
  KT_TRY(const keytrans::PrefixSearchAnswer answer,
         keytrans::prefix_search(prefix_nodes_, state_->prefix_tree, std::span(&vrf.output, 1)));
  if (answer.commitments.front())
    return fail(Errc::corrupt, "the log's record of a label is missing");
  return {};
}

Result<std::optional<Version>> LogView::greatest_version(const Label& label, EntryIndex at) const {
  if (!greatest_ || greatest_->label != label) {
    KT_TRY(greatest_, find_greatest(label));
  }
  if (!greatest_->version || greatest_->position <= at) return greatest_->version;
  // Positions ascend with versions: the first one after `at` is looked for.
  std::uint64_t low = 0;
  std::uint64_t high = greatest_->version->value();
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    KT_TRY(const EntryIndex inserted, position(label, Version{static_cast<std::uint32_t>(middle)}));
    if (inserted <= at) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == 0) return std::optional<Version>();
  return std::optional<Version>(Version{static_cast<std::uint32_t>(low - 1)});
}

Result<EntryIndex> LogView::position(const Label& label, Version version) const {
  KT_TRY(const VersionPlace found, place(label, version));
  return found.position;
}

Result<HashValue> LogView::commitment(const Label& label, Version version) const {
  KT_TRY(const VersionPlace found, place(label, version));
  return found.commitment;
}

Result<keytrans::VrfOutputAndProof> LogView::vrf(const Label& label, Version version) const {
  KT_TRY(auto stored, this->stored(label, version));
  if (stored) return std::move(stored->vrf);
  // Ladders of searches for versions that are not the greatest one look up others as well.
  return vrf_key_.prove(keytrans::vrf_input(label, version));
}

// Whether every entry that has the version as its greatest one is expired.
Result<bool> LogView::may_be_given_up(const Label& label, Version version) const {
  KT_TRY(const std::optional<Version> greatest, greatest_version(label, rightmost(state_->size())));
  if (!greatest || version >= *greatest) return false;
  KT_TRY(const EntryIndex replaced, position(label, Version{version.value() + 1}));
  if (replaced == EntryIndex{0}) return false;
  KT_TRY(const StoredEntry last, stored_entry(EntryIndex{replaced.value() - 1}));
  return is_expired(last);
}

Result<keytrans::CommittedValue> LogView::value(const Label& label, Version version) const {
  KT_TRY(const VersionPlace found, place(label, version));
  if (found.commitment == keytrans::kSkippedCommitment)
    return fail(Errc::not_found, "the version was skipped");
  KT_TRY(const auto bytes, snapshot_->get(tables_.values, version_key(label, version)));
  if (!bytes) {
    KT_TRY(const auto erased, snapshot_->get(tables_.erased, version_key(label, version)));
    if (erased) return fail(Errc::not_found, "the value was erased");
    KT_TRY(const bool given_up, may_be_given_up(label, version));
    if (given_up) return fail(Errc::not_found, "the version is expired");
    return missing("a value");
  }
  return decode_record<keytrans::CommittedValue>(*bytes);
}

}  // namespace kt::log
