// A log as of one of its entries: what provers read. Internal.
//
// The state says what is served; the snapshot may be of a later moment. What it has beyond the
// state is not there yet, as far as a view is concerned.
//
// Thread rule: one thread at a time.
#pragma once

#include <memory>
#include <optional>

#include "keytrans/log_source.h"
#include "prefix_store.h"
#include "records.h"

namespace kt::log {

// What a view makes of a label of which nothing is stored.
enum class Absence : std::uint8_t {
  believed,  // it is not in the log; for the sequencer, whose prefix tree refuses a key it has
  proven,    // only if the prefix tree does not have it either; costs a VRF
};

class LogView final : public keytrans::LogSource, private keytrans::LogNodes {
 public:
  // Borrows all but what it takes over. `snapshot` is not older than `state`. Without a cache,
  // everything is read from the snapshot.
  LogView(const keytrans::LogConfiguration& configuration, const keytrans::VrfPrivateKey& vrf_key,
          const Tables& tables, std::shared_ptr<const State> state,
          std::unique_ptr<store::Snapshot> snapshot, Absence absence, ReadCache* cache)
      : configuration_(configuration),
        vrf_key_(vrf_key),
        tables_(tables),
        state_(std::move(state)),
        snapshot_(std::move(snapshot)),
        absence_(absence),
        cache_(cache),
        prefix_nodes_(*snapshot_, tables_.prefix, cache) {}

  [[nodiscard]] const State& state() const { return *state_; }
  [[nodiscard]] const StoredPrefixNodes& stored_prefix_nodes() const { return prefix_nodes_; }

  [[nodiscard]] const store::Snapshot& snapshot() const { return *snapshot_; }

  // The root of the log's first `size` entries. Requires: 0 < size <= the state's.
  Result<HashValue> root_at(TreeSize size) const;
  // What is stored of a label-version pair, whether it exists or not. Nothing for most that do not.
  Result<std::optional<StoredVersion>> stored(const Label& label, Version version) const;

  // Whether the label, whose greatest version is `greatest`, was erased and is to be removed.
  Result<bool> is_erased(const Label& label, Version greatest) const;
  // Whether labels that were removed are remembered at all, and whether the one is whose version 0
  // has this VRF output.
  Result<bool> has_pseudonyms() const;
  Result<bool> is_removed(const HashValue& pseudonym) const;

  [[nodiscard]] const keytrans::LogConfiguration& configuration() const override {
    return configuration_;
  }
  [[nodiscard]] Result<keytrans::TreeHead> tree_head() const override;
  [[nodiscard]] Result<keytrans::AuditorTreeHead> auditor_tree_head() const override;
  [[nodiscard]] Result<keytrans::LogEntry> entry(EntryIndex index) const override;
  [[nodiscard]] const keytrans::LogNodes& log_nodes() const override { return *this; }
  [[nodiscard]] const keytrans::PrefixNodes& prefix_nodes() const override { return prefix_nodes_; }
  [[nodiscard]] Result<keytrans::PrefixChild> prefix_tree(EntryIndex index) const override;
  [[nodiscard]] Result<std::optional<Version>> greatest_version(const Label& label,
                                                                EntryIndex at) const override;
  [[nodiscard]] Result<EntryIndex> position(const Label& label, Version version) const override;
  [[nodiscard]] Result<keytrans::VrfOutputAndProof> vrf(const Label& label,
                                                        Version version) const override;
  [[nodiscard]] Result<HashValue> commitment(const Label& label, Version version) const override;
  [[nodiscard]] Result<keytrans::CommittedValue> value(const Label& label,
                                                       Version version) const override;

 private:
  // The greatest version of a label that the state knows, and where it was inserted.
  struct Greatest {
    Label label;
    std::optional<Version> version;
    EntryIndex position;
  };

  struct KnownVersion {
    Label label;
    Version version;
    StoredVersion stored;
  };

  Result<HashValue> node(keytrans::Subtree node) const override;
  Result<StoredEntry> stored_entry(EntryIndex index) const;
  [[nodiscard]] bool is_expired(const StoredEntry& entry) const;
  Result<bool> may_be_given_up(const Label& label, Version version) const;
  Result<VersionPlace> place(const Label& label, Version version) const;
  Result<Greatest> find_greatest(const Label& label) const;
  Result<void> prove_absence(const Label& label) const;

  const keytrans::LogConfiguration& configuration_;
  const keytrans::VrfPrivateKey& vrf_key_;
  const Tables& tables_;
  std::shared_ptr<const State> state_;
  std::unique_ptr<store::Snapshot> snapshot_;
  Absence absence_;
  ReadCache* cache_;
  StoredPrefixNodes prefix_nodes_;
  // What was read last, for an answer asks for the same several times.
  mutable std::optional<Greatest> greatest_;
  mutable std::optional<KnownVersion> known_version_;
};

}  // namespace kt::log
