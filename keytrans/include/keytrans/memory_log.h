// A whole log in memory: the prover's data source for tests, benchmarks and examples.
//
// It sequences like a real log (one batch, one log entry, one signature) and keeps
// everything, but nothing survives the process. Its clock is the caller's.
//
// Thread rule: one thread at a time.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "keytrans/auditor.h"
#include "keytrans/log_source.h"

namespace kt::keytrans {

// The private keys of a log's parties. Third-party keys are there when the mode calls for them.
struct LogKeys {
  SigningKey signature;
  VrfPrivateKey vrf;
  std::optional<SigningKey> leaf;
  std::optional<SigningKey> auditor;

  // Errors: those of key generation.
  static Result<LogKeys> generate(CipherSuite suite, DeploymentMode mode);
};

// `configuration` with its public keys set to those of `keys`.
[[nodiscard]] Configuration with_public_keys(Configuration configuration, const LogKeys& keys);

class MemoryLog final : public LogSource {
 public:
  // `configuration`'s public keys are filled in from `keys`.
  static Result<MemoryLog> create(Configuration configuration, LogKeys keys);

  // New versions of one label, in order.
  struct Change {
    Label label;
    std::uint32_t skipped = 0;  // dummy versions before them (thirdPartyManagement)
    std::vector<UpdateValue> values;
  };

  // Appends one log entry that contains `changes` and `padding` leaves that stand for nothing, and
  // signs the new tree head. In third-party auditing mode an entry without any gets a padding leaf
  // (known-gaps 7), and the auditor's head is left as it was.
  // Errors: rejected when `timestamp` is before the rightmost entry's, a label is there twice, or
  // the batch is more than an AuditorUpdate can hold; nothing has changed then.
  Result<void> append(Timestamp timestamp, const std::vector<Change>& changes,
                      std::size_t padding = 0);

  // Values for append(): signed by the leaf key in third-party management mode.
  Result<UpdateValue> make_value(const Label& label, Version version, Bytes value) const;

  // Sequences `request` at `timestamp` as "Updating a Label" has a log do, and answers it.
  // Errors: those of prove_update() and append(); conflict when the caller is ahead of the log.
  Result<UpdateResponse> update(const UpdateRequest& request, Timestamp timestamp);

  // The same in the role of a Third-Party Manager. Requires: the mode is thirdPartyManagement.
  Result<UpdateResponse> update(const ManagerUpdateRequest& request, Timestamp timestamp);

  // What the auditor is sent for a log entry. Requires: the mode is thirdPartyAuditing.
  // Errors: not_found beyond the tree.
  Result<AuditorUpdate> auditor_update(EntryIndex entry) const;

  // Serves `head` from now on. The caller vouches for it.
  void set_auditor_tree_head(AuditorTreeHead head) { auditor_tree_head_ = std::move(head); }

  // The log as it was when it had `size` entries, signed anew, for tests that need a forked or
  // earlier view. Borrows this log. Errors: rejected unless 0 < size <= the log's.
  Result<TreeHead> sign_head_at(TreeSize size) const;

  [[nodiscard]] TreeSize size() const { return tree_.size(); }
  [[nodiscard]] const LogKeys& keys() const { return keys_; }

  [[nodiscard]] const LogConfiguration& configuration() const override { return configuration_; }
  [[nodiscard]] Result<TreeHead> tree_head() const override;
  [[nodiscard]] Result<AuditorTreeHead> auditor_tree_head() const override;
  [[nodiscard]] Result<LogEntry> entry(EntryIndex index) const override;
  [[nodiscard]] const LogNodes& log_nodes() const override { return tree_; }
  [[nodiscard]] const PrefixNodes& prefix_nodes() const override { return prefix_nodes_; }
  [[nodiscard]] Result<PrefixChild> prefix_tree(EntryIndex index) const override;
  [[nodiscard]] Result<std::optional<Version>> greatest_version(const Label& label,
                                                                EntryIndex at) const override;
  [[nodiscard]] Result<EntryIndex> position(const Label& label, Version version) const override;
  [[nodiscard]] Result<VrfOutputAndProof> vrf(const Label& label, Version version) const override;
  [[nodiscard]] Result<HashValue> commitment(const Label& label, Version version) const override;
  [[nodiscard]] Result<CommittedValue> value(const Label& label, Version version) const override;

  MemoryLog(MemoryLog&&) = default;

 private:
  struct StoredVersion {
    EntryIndex position;
    HashValue commitment{};
    std::optional<CommittedValue> value;  // absent when skipped
  };
  struct Pending {
    Label label;
    std::vector<StoredVersion> versions;
  };
  MemoryLog(LogConfiguration configuration, LogKeys keys)
      : configuration_(std::move(configuration)), keys_(std::move(keys)) {}

  [[nodiscard]] std::uint64_t version_count(const Label& label) const;
  Result<Pending> prepare(const Change& change, std::vector<PrefixLeaf>& added) const;
  Result<const StoredVersion*> stored(const Label& label, Version version) const;

  LogConfiguration configuration_;
  LogKeys keys_;
  std::optional<AuditorTreeHead> auditor_tree_head_;
  std::optional<TreeHead> tree_head_;
  MemoryLogTree tree_;
  MemoryPrefixNodes prefix_nodes_;
  std::vector<LogEntry> entries_;
  std::vector<PrefixChild> prefix_roots_;
  std::vector<AuditorUpdate> auditor_updates_;
  std::map<Label, std::vector<StoredVersion>> labels_;
  mutable std::map<Label, std::map<Version, VrfOutputAndProof>> vrf_outputs_;
};

}  // namespace kt::keytrans
