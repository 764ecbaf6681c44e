// The implicit binary search tree over log entries ("Implicit Binary Search Tree", appendix of the
// same name).
//
// The entries of a log of `size` entries, read as a flat array, form a binary search tree: its root
// is entry 2^floor(log2(size)) - 1, and so on recursively to both sides. Users walk it to check
// that timestamps never decrease and to find the entry that answers a search. Nothing is stored;
// every function is arithmetic on indices.
//
// Sizes up to 2^64-1 are legal. A step costs O(1) to the left and O(log size) to the right, a whole
// path at most O(log^2 size) shifts.
//
// Thread rule: pure functions.
#pragma once

#include <optional>
#include <vector>

#include "keytrans/types.h"

namespace kt::keytrans {

// The entry at which a search of a log of `size` entries starts. Requires: size > 0.
[[nodiscard]] EntryIndex ibst_root(TreeSize size);

// The left child; nothing for an entry with an even index, which is a leaf of the search tree.
[[nodiscard]] std::optional<EntryIndex> ibst_left(EntryIndex entry);

// The right child; nothing for a leaf of the search tree and for the log's rightmost entry.
// Requires: entry < size.
[[nodiscard]] std::optional<EntryIndex> ibst_right(EntryIndex entry, TreeSize size);

// The root, its right child, that one's right child and so on to the rightmost entry.
// Requires: size > 0.
[[nodiscard]] std::vector<EntryIndex> frontier(TreeSize size);

// The parent of `entry`, the parent's parent and so on to the root; empty for the root
// ("Terminology": the direct path excludes the node itself). Requires: entry < size.
[[nodiscard]] std::vector<EntryIndex> direct_path(EntryIndex entry, TreeSize size);

// The entries a search for `entry` inspects: from the root down to and including `entry`.
// Requires: entry < size.
[[nodiscard]] std::vector<EntryIndex> search_path(EntryIndex entry, TreeSize size);

}  // namespace kt::keytrans
