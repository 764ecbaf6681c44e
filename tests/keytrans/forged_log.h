// A log that holds whatever a test wants it to, consistently signed: versions that vanish, values
// that change, timestamps that run backwards.
//
// Each log entry has a prefix tree of its own making. Openings follow from label, version and
// value, so two forged logs with the same keys that were told the same are the same log: told
// different things afterwards, they are a fork. Everything throws on failure.
//
// Lifetime: the keys are shared. Thread rule: one thread at a time.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "keytrans/log_source.h"
#include "test_log.h"

namespace kt::keytrans {

// The same keys again; they cannot be copied otherwise.
[[nodiscard]] LogKeys copy_of(const LogKeys& keys);

// Keys that several logs share, and what was made with them, so that it is made once: a signature
// over the same value need not come out the same again.
struct ForgersKeys {
  explicit ForgersKeys(LogKeys its_keys) : keys(std::move(its_keys)) {}

  LogKeys keys;
  mutable std::map<std::pair<Label, Version>, VrfOutputAndProof> vrf_outputs;
  mutable std::map<std::tuple<Label, Version, Bytes>, UpdateValue> signed_values;
};

class ForgedLog final : public LogSource {
 public:
  using Keys = std::shared_ptr<const ForgersKeys>;

  ForgedLog(const Configuration& configuration, Keys keys);
  // With keys of its own.
  explicit ForgedLog(const Configuration& configuration);

  // What an entry does to one version of a label.
  struct Change {
    Label label;
    Version version;
    std::optional<Bytes> value;  // absent: takes the version out
  };

  // Appends an entry and shows the tree that ends with it. In third-party auditing mode the
  // auditor signs whatever there is.
  void append(Timestamp timestamp, const std::vector<Change>& changes = {});

  // Answers from now on as when the log had `size` entries.
  void show(TreeSize size);

  [[nodiscard]] TreeSize size() const { return tree_.size(); }
  [[nodiscard]] const Keys& keys() const { return keys_; }
  [[nodiscard]] HashValue root(TreeSize size) const;

  [[nodiscard]] TreeHead& shown_head() { return tree_head_; }
  [[nodiscard]] AuditorTreeHead& shown_auditor_head() { return auditor_tree_head_; }

  [[nodiscard]] const LogConfiguration& configuration() const override { return configuration_; }
  [[nodiscard]] Result<TreeHead> tree_head() const override { return tree_head_; }
  [[nodiscard]] Result<AuditorTreeHead> auditor_tree_head() const override {
    return auditor_tree_head_;
  }
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

 private:
  struct Stored {
    CommittedValue value;
    HashValue commitment{};
  };
  using Contents = std::map<Label, std::map<Version, Stored>>;
  struct Entry {
    LogEntry entry;
    PrefixChild prefix_tree;
    Contents contents;
  };

  [[nodiscard]] Stored store(const Label& label, Version version, const Bytes& value) const;
  [[nodiscard]] Result<const Stored*> find(const Label& label, Version version) const;

  LogConfiguration configuration_;
  Keys keys_;
  TreeHead tree_head_;
  AuditorTreeHead auditor_tree_head_;
  MemoryLogTree tree_;
  MemoryPrefixNodes prefix_nodes_;
  std::vector<Entry> entries_;
};

}  // namespace kt::keytrans
