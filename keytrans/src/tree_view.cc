#include "keytrans/tree_view.h"

#include "keytrans/ibst.h"
#include "keytrans/log_tree.h"

namespace kt::keytrans {

bool TreeView::is_well_formed() const {
  return size > TreeSize{0} && full_subtrees.size() == keytrans::full_subtrees(size).size() &&
         frontier_entries.size() == frontier(size).size();
}

HashValue TreeView::root() const { return log_root(size, full_subtrees); }

}  // namespace kt::keytrans
