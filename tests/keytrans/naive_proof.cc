#include "naive_proof.h"

#include <algorithm>

namespace kt::keytrans {
namespace {

constexpr std::uint64_t kVersions = std::uint64_t{1} << 32;

template <class T>
bool contains(const std::vector<T>& list, const T& element) {
  return std::find(list.begin(), list.end(), element) != list.end();
}

}  // namespace

std::vector<std::uint64_t> naive_base_ladder(std::uint64_t greatest) {
  std::vector<std::uint64_t> out;
  do {
    out.push_back((std::uint64_t{1} << out.size()) - 1);
  } while (out.back() <= greatest);
  std::uint64_t upper_bound = out.back();
  std::uint64_t lower_bound = out.size() < 2 ? 0 : out[out.size() - 2];
  while (lower_bound + 1 < upper_bound) {
    out.push_back((lower_bound + upper_bound) / 2);
    if (out.back() <= greatest) {
      lower_bound = out.back();
    } else {
      upper_bound = out.back();
    }
  }
  std::erase_if(out, [](std::uint64_t version) { return version >= kVersions; });
  return out;
}

// --- Updating View ------------------------------------------------------------------------------

NaiveProof::NaiveProof(const NaiveTree& tree, std::optional<TreeSize> last) : tree_(&tree) {
  if (!last) {
    for (const EntryIndex entry : tree.frontier()) need_timestamp(entry);
    return;
  }
  retained_ = tree.at(*last).frontier();
  const EntryIndex seen = rightmost(*last);
  EntryIndex on_frontier = seen;
  auto direct_path = tree.path(seen);
  std::reverse(direct_path.begin(), direct_path.end());
  for (const EntryIndex entry : direct_path) {
    if (entry <= seen) continue;
    need_timestamp(entry);
    on_frontier = entry;
  }
  for (const EntryIndex entry : tree.frontier()) {
    if (entry > on_frontier) need_timestamp(entry);
  }
}

void NaiveProof::need_timestamp(EntryIndex entry) {
  if (!contains(retained_, entry) && !contains(timestamps_, entry)) timestamps_.push_back(entry);
}

// "each log entry on the path from the root to the parent", as far as they are distinguished.
void NaiveProof::need_timestamps_above(EntryIndex entry) {
  for (const EntryIndex ancestor : tree_->path(entry)) {
    if (ancestor == entry || !tree_->is_distinguished(ancestor)) return;
    need_timestamp(ancestor);
  }
}

void NaiveProof::look_up(EntryIndex entry, std::vector<bool> included) {
  need_timestamp(entry);
  lookups_.push_back({entry, std::move(included)});
}

std::vector<EntryIndex> NaiveProof::prefix_roots() const {
  std::vector<EntryIndex> entries;
  for (const EntryIndex entry : timestamps_) {
    const bool follows = std::any_of(lookups_.begin(), lookups_.end(),
                                     [entry](const Lookups& l) { return l.entry == entry; });
    if (!follows) entries.push_back(entry);
  }
  std::sort(entries.begin(), entries.end());
  return entries;
}

// --- Binary ladders -----------------------------------------------------------------------------

bool NaiveProof::exists(const Label& label, EntryIndex entry, std::uint64_t version) const {
  const auto greatest = tree_->greatest(label, entry);
  return greatest && version <= greatest->value();
}

std::vector<std::uint64_t> NaiveProof::ladder(const Label& label, EntryIndex entry,
                                              std::uint64_t target, const Shown& left,
                                              const Shown& right) const {
  const auto greatest = tree_->greatest(label, entry);
  std::vector<std::uint64_t> lookups;
  for (const std::uint64_t version :
       greatest ? naive_base_ladder(greatest->value()) : std::vector<std::uint64_t>{0}) {
    const bool included = exists(label, entry, version);
    if (!(included ? left : right).contains(version)) lookups.push_back(version);
    if (included != (version <= target)) break;
  }
  return lookups;
}

void NaiveProof::search_ladder(const Label& label, EntryIndex entry, std::uint64_t target,
                               const Shown& left, const Shown& right) {
  std::vector<bool> included;
  for (const std::uint64_t version : ladder(label, entry, target, left, right))
    included.push_back(exists(label, entry, version));
  look_up(entry, included);
}

// --- Searches -----------------------------------------------------------------------------------

void NaiveProof::search_greatest(const Label& label) {
  const std::uint64_t target = tree_->greatest(label).value().value();
  Shown left;
  for (const EntryIndex entry : tree_->frontier()) {
    if (tree_->rightmost_distinguished() && entry < *tree_->rightmost_distinguished()) continue;
    search_ladder(label, entry, target, left);
    for (const std::uint64_t version : ladder(label, entry, target, left, {})) {
      if (exists(label, entry, version)) left.insert(version);
    }
  }
}

void NaiveProof::search_fixed(const Label& label, Version target) {
  // By entry, what was shown to be included and not to be included.
  std::map<EntryIndex, std::pair<Shown, Shown>> shown;
  std::optional<EntryIndex> leftmost_greater;
  std::uint64_t low = 0;
  std::uint64_t high = tree_->size().value();
  while (low < high) {
    const EntryIndex entry = tree_->root(low, high);
    need_timestamp(entry);
    const auto greatest = tree_->greatest(label, entry);
    if (tree_->is_expired(entry)) {
      low = entry.value() + 1;
      continue;
    }
    Shown left;
    Shown right;
    for (const auto& [other, results] : shown) {
      if (other < entry) left.insert(results.first.begin(), results.first.end());
      if (other > entry) right.insert(results.second.begin(), results.second.end());
    }
    search_ladder(label, entry, target.value(), left, right);
    for (const std::uint64_t version : ladder(label, entry, target.value(), left, right)) {
      auto& [included, not_included] = shown[entry];
      (exists(label, entry, version) ? included : not_included).insert(version);
    }
    if (greatest == target) return;
    if (greatest > target) {
      leftmost_greater = entry;  // further left than any before it
      high = entry.value();
    } else {
      low = entry.value() + 1;
    }
  }
  if (leftmost_greater) look_up(*leftmost_greater, {true});
}

// --- Monitoring ---------------------------------------------------------------------------------

void NaiveProof::monitor(std::vector<MonitorMapEntry> map, std::optional<EntryIndex> owner_start) {
  std::vector<EntryIndex> inspected;
  std::reverse(map.begin(), map.end());
  for (const MonitorMapEntry& monitored : map) {
    need_timestamps_above(monitored.position);
    if (tree_->is_distinguished(monitored.position)) continue;
    std::vector<bool> included;
    for (const std::uint64_t version : naive_base_ladder(monitored.version.value())) {
      if (version <= monitored.version.value()) included.push_back(true);
    }
    auto direct_path = tree_->path(monitored.position);
    std::reverse(direct_path.begin(), direct_path.end());
    for (const EntryIndex entry : direct_path) {
      if (entry <= monitored.position) continue;
      const bool last = tree_->is_distinguished(entry);
      if (last && owner_start && monitored.position >= *owner_start) break;
      if (contains(inspected, entry)) break;
      inspected.push_back(entry);
      look_up(entry, included);
      if (last) break;
    }
  }
}

void NaiveProof::init_owner(const Label& label, EntryIndex start) {
  for (const EntryIndex entry : tree_->path(start)) need_timestamp(entry);
  for (const EntryIndex entry : tree_->owner_entries(start)) {
    const auto greatest = tree_->greatest(label, entry);
    search_ladder(label, entry, greatest ? greatest->value() : 0);
  }
}

void NaiveProof::monitor_owner(const Label& label, const NaiveOwnerWalk& walk) {
  visit_as_owner(label, walk, tree_->root(0, tree_->size().value()));
}

// The second owner algorithm, which has stopped once it is beyond what was reached.
void NaiveProof::visit_as_owner(const Label& label, const NaiveOwnerWalk& walk, EntryIndex entry) {
  if (!tree_->is_distinguished(entry)) return;
  const auto left = tree_->left_child(entry);
  const auto right = tree_->right_child(entry);
  if (left && entry > walk.start) {
    need_timestamp(entry);
    visit_as_owner(label, walk, *left);
  }
  if (entry > walk.reached) return;
  if (entry > walk.start) {
    const auto expected = tree_->greatest(label, entry);
    search_ladder(label, entry, expected ? expected->value() : 0);
  }
  if (right) {
    need_timestamp(entry);
    visit_as_owner(label, walk, *right);
  }
}

// --- Updating a Label ---------------------------------------------------------------------------

void NaiveProof::update(const Label& label, const NaiveOwner& before, const NaiveUpdate& update) {
  Shown left;
  if (update.position > EntryIndex{0}) {
    const NaiveTree previous = tree_->at(TreeSize{update.position.value()});
    const std::uint64_t target = before.known() ? before.known()->value() : 0;
    const auto frontier = previous.frontier();
    need_timestamps_above(rightmost(previous.size()));
    // A whole greatest-version search of the previous tree, of which a part is left out.
    const auto begin = previous.rightmost_distinguished();
    Shown seen;
    bool any = false;
    for (const EntryIndex entry : frontier) {
      if (begin && entry < *begin) continue;
      const bool skipped = before.known() && (entry <= before.start ||
                                              entry <= tree_->position(label, *before.known()));
      if (!tree_->is_distinguished(entry)) {
        any = true;
        if (!skipped) search_ladder(label, entry, target, seen);
      }
      for (const std::uint64_t version : ladder(label, entry, target, seen, {})) {
        if (exists(label, entry, version)) seen.insert(version);
      }
    }
    if (any) left = seen;
  }
  need_timestamps_above(update.position);
  if (!tree_->is_distinguished(update.position))
    search_ladder(label, update.position, update.greatest.value(), left);

  std::vector<bool> beside;
  const auto in_ladder = naive_base_ladder(update.greatest.value());
  for (std::uint64_t version = before.known() ? before.known()->value() + std::uint64_t{1} : 0;
       version < update.greatest.value(); ++version) {
    if (!contains(in_ladder, version)) beside.push_back(true);
  }
  if (!beside.empty()) look_up(update.position, beside);
}

// --- Walking Distinguished Heads ----------------------------------------------------------------

void NaiveProof::walk(const RecentPolicy& recent, std::optional<EntryIndex> stop) {
  visit_distinguished(tree_->recent(recent), stop, tree_->root(0, tree_->size().value()));
}

void NaiveProof::visit_distinguished(const std::vector<EntryIndex>& recent,
                                     std::optional<EntryIndex> stop, EntryIndex entry) {
  if (!tree_->is_distinguished(entry)) return;
  need_timestamp(entry);
  if (const auto right = tree_->right_child(entry)) visit_distinguished(recent, stop, *right);
  if ((stop && entry <= *stop) || !contains(recent, entry)) return;
  if (const auto left = tree_->left_child(entry)) visit_distinguished(recent, stop, *left);
}

}  // namespace kt::keytrans
