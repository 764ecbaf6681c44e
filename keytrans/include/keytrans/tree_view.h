// What a user retains of a tree head it verified.
//
// Source: draft, "Updating Views of the Tree / Algorithm", "Detecting Forks" (Credentials).
// Thread rule: plain values.
#pragma once

#include <optional>
#include <vector>

#include "keytrans/messages.h"

namespace kt::keytrans {

struct TreeView {
  TreeSize size;
  std::vector<HashValue> full_subtrees;    // heads, left to right
  std::vector<LogEntry> frontier_entries;  // in the order of frontier(size)

  // Whether the parts have the numbers of elements that `size` calls for.
  [[nodiscard]] bool is_well_formed() const;

  // The root of the log tree. Requires: is_well_formed().
  [[nodiscard]] HashValue root() const;

  // The rightmost log entry. Requires: is_well_formed().
  [[nodiscard]] const LogEntry& rightmost_entry() const { return frontier_entries.back(); }

  friend bool operator==(const TreeView&, const TreeView&) = default;
};

}  // namespace kt::keytrans
