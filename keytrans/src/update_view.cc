#include <algorithm>

#include "keytrans/algorithms.h"
#include "keytrans/ibst.h"

namespace kt::keytrans {
namespace {

// The list computed in "Updating Views of the Tree / Algorithm" for a returning user. Where the
// user's last entry is on the new frontier the rest of the frontier follows it (known-gaps,
// "Advancing a view").
std::vector<EntryIndex> entries_to_inspect(TreeSize size, TreeSize previous) {
  const EntryIndex last = rightmost(previous);
  std::vector<EntryIndex> entries;
  EntryIndex on_frontier = last;
  for (const EntryIndex ancestor : direct_path(last, size)) {
    if (ancestor <= last) continue;
    entries.push_back(ancestor);
    on_frontier = ancestor;
  }
  while (const auto right = ibst_right(on_frontier, size)) {
    entries.push_back(*right);
    on_frontier = *right;
  }
  return entries;
}

}  // namespace

Result<void> update_view(CombinedTree& tree, std::optional<TreeSize> previous) {
  const std::vector<EntryIndex> entries =
      previous ? entries_to_inspect(tree.size(), *previous) : frontier(tree.size());
  Timestamp before{0};
  if (previous) {
    KT_TRY(before, tree.timestamp(rightmost(*previous)));
  }
  for (const EntryIndex entry : entries) {
    KT_TRY(const Timestamp timestamp, tree.timestamp(entry));
    if (timestamp < before)
      return fail(Errc::verification_failed,
                  "log entry " + std::to_string(entry.value()) + " is older than one to its left");
    before = timestamp;
  }
  return {};
}

}  // namespace kt::keytrans
