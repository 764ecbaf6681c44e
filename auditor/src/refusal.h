// The evidence that is kept of an entry that did not verify: docs/formats.md, "A refused entry".
// Internal.
//
// Blocking. Thread rule: any thread.
#pragma once

#include <optional>
#include <string>

#include "directory.h"
#include "keytrans/result.h"

namespace kt::auditor {

struct Refusal {
  EntryIndex entry;
  std::string reason;
  Bytes auditor;  // Auditor::serialize() before the entry
  Bytes update;   // as it came

  // For people: which entry, and why.
  [[nodiscard]] std::string text() const;

  friend bool operator==(const Refusal&, const Refusal&) = default;
};

// Durable when it returns; mode 0600. Errors: unavailable when the system refuses.
Result<void> keep_refusal(const Directory& directory, const Refusal& refusal);

// What keep_refusal() wrote. Errors: corrupt for bytes that it did not write, or of an unknown
// format.
Result<Refusal> parse_refusal(ByteView bytes);

// What to say of the refused entry of which there is evidence in the directory, if there is one. A
// file that cannot be read is evidence, too. Errors: unavailable when the directory cannot be read.
Result<std::optional<std::string>> find_refusal(const Directory& directory);

}  // namespace kt::auditor
