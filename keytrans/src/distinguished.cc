#include <algorithm>
#include <vector>

#include "keytrans/algorithms.h"
#include "keytrans/ibst.h"

namespace kt::keytrans {
namespace {

// "Walking Distinguished Heads / Algorithm", whose state outlives the recursion.
class DistinguishedWalk {
 public:
  DistinguishedWalk(CombinedTree& tree, const RecentPolicy& recent, std::optional<EntryIndex> stop)
      : tree_(tree), recent_(recent), stop_(stop) {}

  Result<std::vector<EntryIndex>> run() {
    KT_TRY(visit(ibst_root(tree_.size())));
    std::reverse(found_.begin(), found_.end());
    return std::move(found_);
  }

 private:
  // The recursion is as deep as the implicit tree, at most 64.
  Result<void> visit(EntryIndex entry) {
    KT_TRY(const bool distinguished, tree_.is_distinguished(entry));  // step 1
    if (!distinguished) return {};
    KT_TRY(tree_.timestamp(entry));
    if (const auto right = ibst_right(entry, tree_.size())) {  // step 2
      KT_TRY(visit(*right));
    }
    if (stop_ && entry <= *stop_) return {};  // step 3
    KT_TRY(const bool recent, is_recent(entry));
    if (!recent) return {};  // step 4
    found_.push_back(entry);
    if (const auto left = ibst_left(entry)) {  // step 5
      KT_TRY(visit(*left));
    }
    return {};
  }

  Result<bool> is_recent(EntryIndex entry) {
    KT_TRY(const bool expired, tree_.is_expired(entry));
    if (expired) return false;
    if (recent_.kind == RecentPolicy::Kind::count) return found_.size() < recent_.value;
    KT_TRY(const Timestamp here, tree_.timestamp(entry));
    KT_TRY(const Timestamp latest, tree_.rightmost_timestamp());
    return elapsed_ms(here, latest) < recent_.value;
  }

  CombinedTree& tree_;
  RecentPolicy recent_;
  std::optional<EntryIndex> stop_;
  std::vector<EntryIndex> found_;  // rightmost first
};

}  // namespace

Result<std::vector<EntryIndex>> walk_distinguished(CombinedTree& tree, const RecentPolicy& recent,
                                                   std::optional<EntryIndex> stop) {
  return DistinguishedWalk(tree, recent, stop).run();
}

}  // namespace kt::keytrans
