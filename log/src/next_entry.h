// One more log entry: what a batch of changes makes of a log. Internal.
//
// Nothing is written, so an entry that cannot be committed has not happened.
#pragma once

#include <vector>

#include "keytrans/signature.h"
#include "log_view.h"

namespace kt::log {

struct VersionVrf {
  Version version;
  std::optional<keytrans::VrfOutputAndProof> vrf;  // nothing until it is computed
};

// New versions of one label: dummy ones, then the values.
struct Change {
  Label label;
  std::optional<Version> previous;  // the greatest version before
  std::uint32_t skipped = 0;
  std::vector<keytrans::UpdateValue> values;
  // Of each new version, and of those of the ladder above the last one, in ascending order.
  std::vector<VersionVrf> vrfs = {};

  [[nodiscard]] std::size_t count() const { return skipped + values.size(); }
  // Requires: count() > 0.
  [[nodiscard]] Version greatest() const;
};

// Says of `change` which VRFs it needs, with those that the log has. Errors: those of the view.
Result<void> find_vrfs(const LogView& view, Change& change);

// Computes the VRFs that are missing. Takes long, which no view lives through. Requires:
// find_vrfs(). Errors: those of the key.
Result<void> compute_vrfs(const keytrans::VrfPrivateKey& key, std::vector<Change>& changes,
                          unsigned threads);

struct NextEntry {
  store::Batch batch;
  State state;
};

// The entry after `view`'s rightmost one, signed by `signature_key`, with `fakes` versions of
// nothing beside those of `changes`. Labels that were erased leave with it, as far as they can and
// as there is room: see removal.h. In third-party auditing mode, where an entry has room for 255
// versions, fakes and leaving leaves (known-gaps 8), fakes that find none are left out. One is
// added to an entry that would change nothing (known-gaps 7), and those among them that a removal
// needs cover the siblings of leaving leaves (known-gaps 9).
//
// Requires: all VRFs are computed; no label is there twice; `timestamp` is not before the rightmost
// entry's; in third-party auditing mode at most 255 versions. Errors: those of the view; rejected
// when two VRF outputs are too alike.
Result<NextEntry> make_next_entry(const LogView& view, const Tables& tables,
                                  const keytrans::SigningKey& signature_key, Timestamp timestamp,
                                  const std::vector<Change>& changes, std::size_t fakes);

}  // namespace kt::log
