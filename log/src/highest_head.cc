#include "highest_head.h"

namespace kt::log {

Result<Standing> compare(const LogView& view, const store::SignedHead& highest) {
  const TreeSize size = view.state().size();
  const TreeSize noted = highest.head.tree_size;
  if (size < noted) return Standing::behind;
  if (noted > TreeSize{0}) {
    KT_TRY(const HashValue root, view.root_at(noted));
    if (root != highest.root) return Standing::beside;
  }
  return size == noted ? Standing::agrees : Standing::ahead;
}

Result<store::SignedHead> signed_head(const LogView& view) {
  const State& state = view.state();
  if (state.size() == TreeSize{0}) return store::SignedHead{};
  KT_TRY(const HashValue root, view.root_at(state.size()));
  KT_TRY(const keytrans::LogEntry last, view.entry(rightmost(state.size())));
  if (keytrans::log_root(state.size(), state.full_subtrees) != root ||
      last.timestamp != state.timestamp || last.prefix_tree != state.prefix_tree.hash)
    return fail(Errc::corrupt, "the log's state contradicts its entries");
  auto verified = view.configuration().verify_tree_head(state.tree_head, root);
  if (!verified) return fail(Errc::corrupt, "the log's own tree head: " + verified.error().detail);
  return store::SignedHead{state.tree_head, root};
}

}  // namespace kt::log
