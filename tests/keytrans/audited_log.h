// The log's side of auditing, leaf by leaf: what it adds and removes, honestly or not, and the
// AuditorUpdates that tell of it. Everything throws on failure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "keytrans/auditor.h"
#include "keytrans/hash.h"
#include "keytrans/ibst.h"
#include "keytrans/memory_log.h"
#include "test_log.h"

namespace kt::keytrans {

// A leaf that is the same for the same name.
[[nodiscard]] inline PrefixLeaf named_leaf(const std::string& name, const std::string& value = "") {
  return {sha256(to_bytes(name)), sha256(to_bytes(name + "=" + value))};
}

// A leaf that takes the place of `leaf` when that is removed, so that the removal leaves nothing
// undetermined (known-gaps 9).
[[nodiscard]] inline PrefixLeaf successor_of(PrefixLeaf leaf) {
  leaf.vrf_output[31] ^= 0x80;
  return leaf;
}

class AuditedLog {
 public:
  // An auditor of this log starts with entry `auditor_start`.
  explicit AuditedLog(CipherSuite suite, std::uint64_t auditor_start = 0)
      : AuditedLog(suite, auditor_start, std::nullopt) {}
  // The same for an auditor with a key of its own.
  AuditedLog(CipherSuite suite, std::uint64_t auditor_start,
             const std::optional<Bytes>& auditor_public_key)
      : keys_(test_keys(suite, DeploymentMode::thirdPartyAuditing, 0)),
        configuration_(
            must(LogConfiguration::create(wire(suite, auditor_start, keys_, auditor_public_key)))) {
  }

  [[nodiscard]] const LogConfiguration& configuration() const { return configuration_; }
  [[nodiscard]] const SigningKey& auditor_key() const { return *keys_.auditor; }
  [[nodiscard]] TreeSize size() const { return tree_.size(); }
  [[nodiscard]] const PrefixNodes& nodes() const { return nodes_; }
  [[nodiscard]] const PrefixChild& prefix_tree() const { return root_; }

  // Tells of an entry that is not made: what append() would return.
  [[nodiscard]] AuditorUpdate propose(Timestamp timestamp, const std::vector<PrefixLeaf>& added,
                                      const std::vector<PrefixLeaf>& removed = {}) const {
    return must(prove_auditor_update(nodes_, root_, timestamp, added, removed));
  }

  // Makes an entry and tells of it.
  AuditorUpdate append(Timestamp timestamp, const std::vector<PrefixLeaf>& added,
                       const std::vector<PrefixLeaf>& removed = {}) {
    AuditorUpdate update = propose(timestamp, added, removed);
    std::vector<HashValue> removed_keys;
    for (const PrefixLeaf& leaf : removed) removed_keys.push_back(leaf.vrf_output);
    root_ = must(prefix_update(nodes_, root_, added, removed_keys));
    tree_.append(log_leaf_value(timestamp, root_.hash));
    entries_.push_back({timestamp, root_.hash});
    return update;
  }

  // What the auditor of this log is sent first.
  [[nodiscard]] AuditorStart start() const {
    const TreeSize start{configuration_.wire().auditor_start_pos.value()};
    const std::vector<EntryIndex> leaves = frontier(start);
    AuditorStart sent;
    for (const EntryIndex leaf : leaves) sent.frontier_entries.push_back(entries_[leaf.value()]);
    sent.inclusion.elements = must(prove_batch(tree_, start, leaves, std::nullopt, std::nullopt));
    return sent;
  }

  // What a user retains of the whole tree.
  [[nodiscard]] TreeView view() const {
    TreeView view{size(), {}, {}};
    for (const Subtree& subtree : full_subtrees(size()))
      view.full_subtrees.push_back(must(tree_.node(subtree)));
    for (const EntryIndex index : frontier(size()))
      view.frontier_entries.push_back(entries_[index.value()]);
    return view;
  }

 private:
  static Configuration wire(CipherSuite suite, std::uint64_t auditor_start, const LogKeys& keys,
                            const std::optional<Bytes>& auditor_public_key) {
    Configuration configuration = test_configuration(suite, DeploymentMode::thirdPartyAuditing);
    configuration.auditor_start_pos = EntryIndex{auditor_start};
    configuration = with_public_keys(std::move(configuration), keys);
    if (auditor_public_key) configuration.auditor_public_key = *auditor_public_key;
    return configuration;
  }

  LogKeys keys_;
  LogConfiguration configuration_;
  MemoryPrefixNodes nodes_;
  PrefixChild root_;
  MemoryLogTree tree_;
  std::vector<LogEntry> entries_;
};

}  // namespace kt::keytrans
