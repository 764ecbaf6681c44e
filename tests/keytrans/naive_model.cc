#include "naive_model.h"

#include <algorithm>
#include <limits>

#include "keytrans/hash.h"

namespace kt::keytrans {
namespace {

bool contains(const std::vector<EntryIndex>& entries, EntryIndex entry) {
  return std::find(entries.begin(), entries.end(), entry) != entries.end();
}

// a + b, or the greatest number there is.
Timestamp later(Timestamp a, std::uint64_t b) {
  const std::uint64_t most = std::numeric_limits<std::uint64_t>::max() - b;
  return Timestamp{std::min(a.value(), most) + b};
}

}  // namespace

// --- A log --------------------------------------------------------------------------------------

std::size_t NaiveLog::version_count(const Label& label) const {
  const auto found = labels.find(label);
  return found == labels.end() ? 0 : found->second.size();
}

void NaiveLog::append(Timestamp timestamp,
                      const std::map<Label, std::vector<std::optional<Bytes>>>& changes) {
  const EntryIndex position{timestamps.size()};
  timestamps.push_back(timestamp);
  for (const auto& [label, values] : changes) {
    for (const auto& value : values) labels[label].push_back({position, value});
  }
}

// --- A log of a certain size --------------------------------------------------------------------

NaiveTree::NaiveTree(const NaiveLog& log, TreeSize size) : log_(&log), size_(size.value()) {
  KT_ASSERT(size > TreeSize{0} && size <= log.size());
  mark_distinguished(0, size_, Timestamp{0}, latest());
  std::sort(distinguished_.begin(), distinguished_.end());
}

void NaiveTree::mark_distinguished(std::uint64_t low, std::uint64_t high, Timestamp left,
                                   Timestamp right) {
  if (low == high) return;
  if (right.value() - left.value() < log_->reasonable_monitoring_window) return;
  const EntryIndex given = root(low, high);
  distinguished_.push_back(given);
  mark_distinguished(low, given.value(), left, timestamp(given));
  mark_distinguished(given.value() + 1, high, timestamp(given), right);
}

EntryIndex NaiveTree::root(std::uint64_t low, std::uint64_t high) {
  std::uint64_t power = 1;
  while (2 * power <= high - low) power *= 2;
  return EntryIndex{low + power - 1};
}

std::pair<std::uint64_t, std::uint64_t> NaiveTree::range_of(EntryIndex entry) const {
  std::uint64_t low = 0;
  std::uint64_t high = size_;
  for (const EntryIndex ancestor : path(entry)) {
    if (ancestor < entry) low = ancestor.value() + 1;
    if (ancestor > entry) high = ancestor.value();
  }
  return {low, high};
}

std::optional<EntryIndex> NaiveTree::left_child(EntryIndex entry) const {
  const std::uint64_t low = range_of(entry).first;
  if (low == entry.value()) return std::nullopt;
  return root(low, entry.value());
}

std::optional<EntryIndex> NaiveTree::right_child(EntryIndex entry) const {
  const std::uint64_t high = range_of(entry).second;
  if (entry.value() + 1 == high) return std::nullopt;
  return root(entry.value() + 1, high);
}

std::vector<EntryIndex> NaiveTree::path(EntryIndex entry) const {
  std::vector<EntryIndex> path;
  std::uint64_t low = 0;
  std::uint64_t high = size_;
  do {
    path.push_back(root(low, high));
    if (entry < path.back()) high = path.back().value();
    if (entry > path.back()) low = path.back().value() + 1;
  } while (path.back() != entry);
  return path;
}

std::vector<EntryIndex> NaiveTree::frontier() const { return path(EntryIndex{size_ - 1}); }

Timestamp NaiveTree::timestamp(EntryIndex entry) const {
  return log_->timestamps.at(entry.value());
}

bool NaiveTree::is_distinguished(EntryIndex entry) const { return contains(distinguished_, entry); }

std::optional<EntryIndex> NaiveTree::rightmost_distinguished() const {
  if (distinguished_.empty()) return std::nullopt;
  return distinguished_.back();
}

std::optional<EntryIndex> NaiveTree::first_distinguished_after(EntryIndex entry) const {
  for (const EntryIndex candidate : distinguished_) {
    if (candidate > entry) return candidate;
  }
  return std::nullopt;
}

bool NaiveTree::is_expired(EntryIndex entry) const {
  return log_->maximum_lifetime &&
         latest().value() - timestamp(entry).value() >= *log_->maximum_lifetime;
}

std::optional<Version> NaiveTree::greatest(const Label& label, EntryIndex entry) const {
  std::optional<Version> greatest;
  const auto found = log_->labels.find(label);
  if (found == log_->labels.end()) return greatest;
  for (std::uint32_t version = 0; version < found->second.size(); ++version) {
    if (found->second[version].position <= entry) greatest = Version{version};
  }
  return greatest;
}

std::optional<Version> NaiveTree::greatest(const Label& label) const {
  return greatest(label, EntryIndex{size_ - 1});
}

EntryIndex NaiveTree::position(const Label& label, Version version) const {
  return log_->labels.at(label).at(version.value()).position;
}

Terminal NaiveTree::terminal(EntryIndex entry) const {
  const auto rightmost = rightmost_distinguished();
  return {entry, !rightmost || entry > *rightmost};
}

// --- Searches -----------------------------------------------------------------------------------

std::optional<NaiveFound> NaiveTree::search_greatest(const Label& label) const {
  const auto version = greatest(label);
  if (!version) return std::nullopt;
  for (const EntryIndex entry : frontier()) {
    if (rightmost_distinguished() && entry < *rightmost_distinguished()) continue;
    if (greatest(label, entry) != version) continue;
    return NaiveFound{*version, log_->labels.at(label)[version->value()].value.value(),
                      terminal(entry)};
  }
  return std::nullopt;  // not reached: the rightmost entry has the version
}

bool NaiveTree::any_expired(const std::vector<EntryIndex>& entries) const {
  return std::any_of(entries.begin(), entries.end(),
                     [this](EntryIndex entry) { return is_expired(entry); });
}

// Whether one of `entries` to the left of `entry` is unexpired and distinguished.
bool NaiveTree::any_checked_left_of(const std::vector<EntryIndex>& entries,
                                    EntryIndex entry) const {
  return std::any_of(entries.begin(), entries.end(), [&](EntryIndex candidate) {
    return candidate < entry && !is_expired(candidate) && is_distinguished(candidate);
  });
}

// A search goes right at entries that are expired or have a lesser version, stops at one that has
// the target as its greatest version, and goes left at the others. These are three ranges of
// entries, of which any may be empty: [0, at), [at, after) and [after, size).
std::variant<NaiveFound, NaiveRefusal> NaiveTree::search_fixed(const Label& label,
                                                               Version target) const {
  const auto goes_right = [&](std::uint64_t entry) {
    const auto version = greatest(label, EntryIndex{entry});
    return is_expired(EntryIndex{entry}) || !version || *version < target;
  };
  std::uint64_t at = 0;
  while (at < size_ && goes_right(at)) ++at;
  std::uint64_t after = at;
  while (after < size_ && greatest(label, EntryIndex{after}) == target) ++after;

  EntryIndex terminal_entry{after};
  if (at < after) {  // step 5, at the entry nearest to the root
    terminal_entry = EntryIndex{at};
    for (std::uint64_t entry = at; entry < after; ++entry) {
      if (path(EntryIndex{entry}).size() < path(terminal_entry).size())
        terminal_entry = EntryIndex{entry};
    }
    const auto inspected = path(terminal_entry);
    if (any_expired(inspected) && !is_distinguished(terminal_entry) &&
        !any_checked_left_of(inspected, terminal_entry))
      return NaiveRefusal::expired;
  } else {  // step 6, having narrowed the search down to between `after` and the entry before
    if (after == size_) return NaiveRefusal::nonexistent;
    auto inspected = path(EntryIndex{after});
    if (after > 0 && path(EntryIndex{after - 1}).size() > inspected.size())
      inspected = path(EntryIndex{after - 1});
    if (any_expired(inspected) && !any_checked_left_of(inspected, terminal_entry))
      return NaiveRefusal::expired;
  }
  const auto& value = log_->labels.at(label).at(target.value()).value;
  if (!value) return NaiveRefusal::skipped;
  return NaiveFound{target, *value, terminal(terminal_entry)};
}

// --- Monitoring ---------------------------------------------------------------------------------

std::vector<MonitorMapEntry> NaiveTree::monitor(const std::vector<MonitorMapEntry>& map,
                                                const std::optional<NaiveOwnerWalk>& owner) const {
  std::vector<MonitorMapEntry> remaining;
  for (const MonitorMapEntry& monitored : map) {
    if (is_distinguished(monitored.position)) continue;
    // Upwards through the entries to the right, to before the first distinguished one.
    EntryIndex last = monitored.position;
    std::optional<EntryIndex> distinguished;
    const auto downwards = path(monitored.position);
    for (auto entry = downwards.rbegin(); entry != downwards.rend() && !distinguished; ++entry) {
      if (*entry <= monitored.position) continue;
      if (is_distinguished(*entry)) {
        distinguished = *entry;
      } else {
        last = *entry;
      }
    }
    const bool left_to_owner =
        owner && monitored.position >= owner->start && distinguished > owner->reached;
    if (!distinguished || left_to_owner) remaining.push_back({last, monitored.version});
  }
  return naive_reduced(remaining);
}

bool NaiveTree::may_start_at(EntryIndex start) const {
  return start.value() < size_ && is_distinguished(start) && !is_expired(start);
}

std::vector<EntryIndex> NaiveTree::owner_entries(EntryIndex start) const {
  std::vector<EntryIndex> entries;
  auto upwards = path(start);
  std::reverse(upwards.begin(), upwards.end());
  for (const EntryIndex entry : upwards) {
    if (entry <= start && !is_expired(entry)) entries.push_back(entry);
  }
  return entries;
}

NaiveOwnerWalk NaiveTree::owner_walk(const Label& label, EntryIndex start,
                                     std::optional<Version> known, std::size_t limit) const {
  NaiveOwnerWalk walk{start, start};
  for (const EntryIndex entry : distinguished_) {
    if (entry <= start) continue;
    if (limit-- == 0 || greatest(label, entry) > known) break;
    walk.reached = entry;
  }
  return walk;
}

std::optional<NaiveUpdate> NaiveTree::next_update(const Label& label,
                                                  std::optional<Version> known) const {
  const auto found = log_->labels.find(label);
  const std::size_t next = known ? known->value() + std::size_t{1} : 0;
  if (found == log_->labels.end() || next >= found->second.size()) return std::nullopt;
  NaiveUpdate update{found->second[next].position, {}, 0, {}};
  for (std::size_t v = next; v < found->second.size(); ++v) {
    const NaiveVersion& version = found->second[v];
    if (version.position != update.position) break;
    update.greatest = Version{static_cast<std::uint32_t>(v)};
    if (version.value) {
      update.values.push_back(*version.value);
    } else {
      ++update.skipped;
    }
  }
  return update;
}

std::vector<EntryIndex> NaiveTree::recent(const RecentPolicy& policy) const {
  std::vector<EntryIndex> recent;
  for (const EntryIndex entry : distinguished_) {
    const std::uint64_t age = latest().value() - timestamp(entry).value();
    const bool too_old = policy.kind == RecentPolicy::Kind::max_age && age >= policy.value;
    if (!is_expired(entry) && !too_old) recent.push_back(entry);
  }
  if (policy.kind == RecentPolicy::Kind::count) {
    while (recent.size() > policy.value) recent.erase(recent.begin());
  }
  return recent;
}

// --- Roots --------------------------------------------------------------------------------------

namespace {

// hashContent(node) of the subtree over `entries`.
Bytes hash_content(std::span<const LogEntry> entries) {
  Bytes content;
  HashValue value;
  if (entries.size() == 1) {
    Bytes leaf;
    for (int shift = 56; shift >= 0; shift -= 8)
      leaf.push_back(static_cast<std::uint8_t>(entries[0].timestamp.value() >> shift));
    leaf.insert(leaf.end(), entries[0].prefix_tree.begin(), entries[0].prefix_tree.end());
    content.push_back(0x00);
    value = sha256(leaf);
  } else {
    content.push_back(0x01);
    value = naive_log_root(entries);
  }
  content.insert(content.end(), value.begin(), value.end());
  return content;
}

}  // namespace

HashValue naive_log_root(std::span<const LogEntry> entries) {
  if (entries.size() == 1) {
    const Bytes content = hash_content(entries);
    HashValue value;
    std::copy(content.begin() + 1, content.end(), value.begin());
    return value;
  }
  std::size_t left = 1;
  while (2 * left < entries.size()) left *= 2;
  Bytes content = hash_content(entries.first(left));
  const Bytes right = hash_content(entries.subspan(left));
  content.insert(content.end(), right.begin(), right.end());
  return sha256(content);
}

// --- A user -------------------------------------------------------------------------------------

std::vector<MonitorMapEntry> naive_reduced(std::vector<MonitorMapEntry> map) {
  // Leftmost first and, at the same position, the greatest version first: whatever makes an element
  // superfluous stands before it.
  std::sort(map.begin(), map.end(), [](const MonitorMapEntry& a, const MonitorMapEntry& b) {
    return a.position != b.position ? a.position < b.position : a.version > b.version;
  });
  std::vector<MonitorMapEntry> reduced;
  for (const MonitorMapEntry& entry : map) {
    if (reduced.empty() || entry.version > reduced.back().version) reduced.push_back(entry);
  }
  return reduced;
}

void NaiveUser::saw(const NaiveTree& tree) {
  last = tree.size();
  const RecentPolicy all{recent.kind, recent.kind == RecentPolicy::Kind::count
                                          ? std::numeric_limits<std::uint64_t>::max()
                                          : recent.value};
  const auto young = tree.recent(all);
  std::erase_if(distinguished, [&young](EntryIndex entry) { return !contains(young, entry); });
}

void NaiveUser::searched(const NaiveTree& tree, const Label& label, const NaiveFound& found,
                         bool must_monitor) {
  saw(tree);
  if (!must_monitor) return;
  const bool is_new = !labels.contains(label);
  NaiveLabel& known = labels[label];
  if (is_new) known.monitored_at = tree.latest();
  known.monitor.push_back({found.terminal.entry, found.version});
  known.monitor = naive_reduced(known.monitor);
}

void NaiveUser::monitored(const NaiveTree& tree, const Label& label) {
  saw(tree);
  NaiveLabel& known = labels.at(label);
  known.monitor = tree.monitor(known.monitor, std::nullopt);
  known.monitored_at = tree.latest();
  if (known.monitor.empty() && !known.owner) labels.erase(label);
}

void NaiveUser::became_owner(const NaiveTree& tree, const Label& label, EntryIndex start) {
  saw(tree);
  NaiveLabel& known = labels[label];
  known.owner = NaiveOwner{start, tree.greatest(label, start), {}};
  known.monitored_at = tree.latest();
}

void NaiveUser::updated(const NaiveTree& tree, const Label& label, const NaiveUpdate& update) {
  saw(tree);
  NaiveLabel& known = labels.at(label);
  known.owner->updates.push_back({update.position, update.greatest});
  if (tree.is_distinguished(update.position)) return;
  known.monitor.push_back({update.position, update.greatest});
  known.monitor = naive_reduced(known.monitor);
}

void NaiveUser::monitored_as_owner(const NaiveTree& tree, const Label& label,
                                   const NaiveOwnerWalk& walk) {
  saw(tree);
  NaiveLabel& known = labels.at(label);
  known.monitor = tree.monitor(known.monitor, walk);
  known.owner->start = walk.reached;
  known.owner->greatest_at_start = tree.greatest(label, walk.reached);
  std::erase_if(known.owner->updates,
                [&walk](const auto& update) { return update.position <= walk.reached; });
  known.monitored_at = tree.latest();
}

void NaiveUser::walked(const NaiveTree& tree) {
  saw(tree);
  distinguished = tree.recent(recent);
}

std::vector<Obligation> NaiveUser::obligations(const NaiveLog& log) const {
  std::vector<Obligation> obligations;
  const auto add = [&](Obligation::Kind kind, const Label& label, Timestamp since) {
    std::optional<Timestamp> deadline;
    if (log.maximum_lifetime) deadline = later(since, *log.maximum_lifetime);
    obligations.push_back({kind, label, later(since, log.reasonable_monitoring_window), deadline});
  };
  for (const auto& [label, known] : labels) {
    add(known.owner ? Obligation::Kind::owner_monitoring : Obligation::Kind::contact_monitoring,
        label, known.monitored_at);
  }
  if (!distinguished.empty())
    add(Obligation::Kind::distinguished, Label(), log.timestamps.at(distinguished.back().value()));
  std::stable_sort(obligations.begin(), obligations.end(),
                   [](const Obligation& a, const Obligation& b) { return a.due < b.due; });
  return obligations;
}

}  // namespace kt::keytrans
