// What a prover needs to know of a log: one consistent snapshot of it.
//
// Implemented by whoever stores a log. Everything a snapshot answers belongs to one
// state of the log; a prover never sees two.
//
// Thread rule: an implementation says for itself; a prover uses it from one thread.
#pragma once

#include <optional>

#include "keytrans/log_configuration.h"
#include "keytrans/log_tree.h"
#include "keytrans/messages.h"
#include "keytrans/prefix_tree.h"
#include "keytrans/vrf.h"

namespace kt::keytrans {

// The value of one label-version pair and what its commitment was made with.
struct CommittedValue {
  Opening opening{};
  UpdateValue update;
};

class LogSource {
 public:
  virtual ~LogSource() = default;

  [[nodiscard]] virtual const LogConfiguration& configuration() const = 0;

  // The most recent tree head the log has signed, and the auditor's that goes with it.
  // Errors: unavailable when there is none yet.
  [[nodiscard]] virtual Result<TreeHead> tree_head() const = 0;
  // Requires: the mode is thirdPartyAuditing.
  [[nodiscard]] virtual Result<AuditorTreeHead> auditor_tree_head() const = 0;

  // A log entry. Errors: not_found when it is beyond the tree head or was pruned.
  [[nodiscard]] virtual Result<LogEntry> entry(EntryIndex index) const = 0;

  // The log tree, and the prefix tree as of a log entry.
  [[nodiscard]] virtual const LogNodes& log_nodes() const = 0;
  [[nodiscard]] virtual const PrefixNodes& prefix_nodes() const = 0;
  [[nodiscard]] virtual Result<PrefixChild> prefix_tree(EntryIndex index) const = 0;

  // The greatest version of `label` at a log entry, if it had any.
  [[nodiscard]] virtual Result<std::optional<Version>> greatest_version(const Label& label,
                                                                        EntryIndex at) const = 0;

  // The log entry in which a version was inserted. Errors: not_found.
  [[nodiscard]] virtual Result<EntryIndex> position(const Label& label, Version version) const = 0;

  // The VRF's output and proof for any label-version pair, whether it exists or not.
  [[nodiscard]] virtual Result<VrfOutputAndProof> vrf(const Label& label,
                                                      Version version) const = 0;

  // The commitment stored for an existing version; all zero for a skipped one. Errors: not_found.
  [[nodiscard]] virtual Result<HashValue> commitment(const Label& label, Version version) const = 0;

  // The value of an existing version that was not skipped. Errors: not_found, also when the value
  // was erased.
  [[nodiscard]] virtual Result<CommittedValue> value(const Label& label, Version version) const = 0;
};

}  // namespace kt::keytrans
