// The Third-Party Auditor: follows a log entry by entry and signs what it has verified.
//
// Source: draft, "Auditing", "Auditor Tree Head Signature"; known-gaps 7, 8, 9.
//
// An auditor may start at any position. What it must remember to refuse a premature
// removal (step 5) is when each leaf was added; that record grows with the log, so it
// lives behind `AuditedLeaves`, and the rest of the state is small and serialisable.
//
// Thread rule: one thread at a time.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "keytrans/log_configuration.h"
#include "keytrans/log_tree.h"
#include "keytrans/prefix_tree.h"
#include "keytrans/tree_view.h"

namespace kt::keytrans {

// In which log entry each leaf that the auditor saw added and not removed was added.
class AuditedLeaves {
 public:
  virtual ~AuditedLeaves() = default;

  // Nothing for a leaf from before the auditor's start.
  virtual Result<std::optional<EntryIndex>> added_at(const HashValue& vrf_output) const = 0;

  // Applies one verified update: `added` were added by `entry`, `removed` are gone. All or nothing.
  virtual Result<void> apply(EntryIndex entry, const std::vector<PrefixLeaf>& added,
                             const std::vector<PrefixLeaf>& removed) = 0;
};

// AuditedLeaves in memory.
class MemoryAuditedLeaves final : public AuditedLeaves {
 public:
  Result<std::optional<EntryIndex>> added_at(const HashValue& vrf_output) const override;
  Result<void> apply(EntryIndex entry, const std::vector<PrefixLeaf>& added,
                     const std::vector<PrefixLeaf>& removed) override;

 private:
  std::map<HashValue, EntryIndex> added_at_;
};

class Auditor {
 public:
  // An auditor of the log from its first entry on.
  // Errors: rejected unless the mode is thirdPartyAuditing and auditor_start_pos is 0.
  static Result<Auditor> from_genesis(LogConfiguration configuration);

  // An auditor that starts after the tree of `view`, which the caller verified as a user would.
  // Errors: rejected unless the mode is thirdPartyAuditing and auditor_start_pos is the view's
  // size.
  static Result<Auditor> from_view(LogConfiguration configuration, const TreeView& view);

  // Verifies `update` as the next log entry (steps 1 to 7) and, if all of it holds, records it in
  // `leaves` and moves on. After an error nothing has changed.
  // Errors: verification_failed, naming the step; those of `leaves`.
  Result<void> process(const AuditorUpdate& update, AuditedLeaves& leaves);

  // Step 8. Errors: unavailable before the first entry was processed; those of signing.
  Result<AuditorTreeHead> sign(const SigningKey& auditor_key) const;

  [[nodiscard]] const LogConfiguration& configuration() const { return configuration_; }
  [[nodiscard]] TreeSize size() const { return tree_.size(); }
  // Of the tree of size(). Requires: size() is not 0.
  [[nodiscard]] HashValue root() const { return tree_.root(); }
  [[nodiscard]] Timestamp rightmost_timestamp() const { return frontier_timestamps_.back(); }
  // Whether entries were processed since the start.
  [[nodiscard]] bool has_processed() const;

  // The state without the leaves: version 1 of "KTAUDITOR" in docs/protocol.md.
  Result<Bytes> serialize() const;
  // Errors: malformed for bytes that serialize() did not write, or of an unknown version.
  static Result<Auditor> parse(ByteView bytes);

 private:
  explicit Auditor(LogConfiguration configuration) : configuration_(std::move(configuration)) {}

  [[nodiscard]] EntryIndex next_entry() const { return EntryIndex{tree_.size().value()}; }
  Result<void> check_removals(const AuditorUpdate& update, const AuditedLeaves& leaves) const;

  LogConfiguration configuration_;
  LogAccumulator tree_;
  std::vector<Timestamp> frontier_timestamps_;  // in the order of frontier(tree_.size())
  HashValue prefix_root_ = kMissingPrefixNode;
};

// Step 5: the rightmost of a log's first `size` entries that is distinguished once an entry made at
// `next` follows them; nothing if none is. A leaf that was in its prefix tree may be removed in
// that entry. `frontier_timestamps` are in the order of frontier(size). Requires: size > 0.
Result<std::optional<EntryIndex>> rightmost_publishing_entry(
    const Configuration& configuration, TreeSize size,
    const std::vector<Timestamp>& frontier_timestamps, Timestamp next);

// The log's side: padding leaves to be added besides `added`, so that the auditor can tell what the
// prefix tree under `previous` becomes when `removed` are removed (known-gaps 9). Where everything
// below one child of a node goes and the update does not touch the other child, the auditor sees
// only the hash of that one: not whether it is a leaf, which would move up, or a parent, which
// would not. So one padding leaf goes below each such child; at most as many as are removed.
// Requires: the update can be made: see prefix_update(). Errors: those of `nodes`.
Result<std::vector<PrefixLeaf>> covering_leaves(const PrefixNodes& nodes,
                                                const PrefixChild& previous,
                                                const std::vector<PrefixLeaf>& added,
                                                const std::vector<PrefixLeaf>& removed);

// The log's side: what tells an auditor of the log entry made at `timestamp` by adding and removing
// the given leaves. `previous` is the prefix tree before.
// Errors: rejected for an entry without changes or with more than 255, which no AuditorUpdate can
// carry (known-gaps 7, 8); those of `nodes`.
Result<AuditorUpdate> prove_auditor_update(const PrefixNodes& nodes, const PrefixChild& previous,
                                           Timestamp timestamp, std::vector<PrefixLeaf> added,
                                           std::vector<PrefixLeaf> removed);

}  // namespace kt::keytrans
