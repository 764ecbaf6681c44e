#include "keytrans/auditor.h"

#include <algorithm>
#include <limits>
#include <string>

#include "keytrans/combined_tree.h"
#include "keytrans/ibst.h"
#include "wire.h"

namespace kt::keytrans {
namespace {

constexpr std::uint16_t kStateVersion = 1;

// PrefixProof.results has a length prefix of one octet (known-gaps 8).
constexpr std::size_t kMaxChanges = 255;

// Timestamps of some log entries, for an algorithm that looks nothing up.
class Timestamps final : public TreeHandle {
 public:
  void set(EntryIndex entry, Timestamp timestamp) { timestamps_[entry] = timestamp; }

  Result<Timestamp> timestamp(EntryIndex entry) override {
    const auto found = timestamps_.find(entry);
    KT_ASSERT(found != timestamps_.end());
    return found->second;
  }
  Result<void> lookup(EntryIndex /*entry*/, LookupPlan& /*plan*/) override {
    return fail(Errc::rejected, "an auditor looks nothing up");
  }

 private:
  std::map<EntryIndex, Timestamp> timestamps_;
};

// The timestamps of frontier(size + 1), given those of frontier(size) and of the entry `size`.
std::vector<Timestamp> advance_frontier(TreeSize size, const std::vector<Timestamp>& timestamps,
                                        Timestamp latest) {
  const std::vector<EntryIndex> before =
      size == TreeSize{0} ? std::vector<EntryIndex>{} : frontier(size);
  std::vector<Timestamp> advanced;
  for (const EntryIndex entry : frontier(TreeSize{size.value() + 1})) {
    const auto found = std::find(before.begin(), before.end(), entry);
    advanced.push_back(found == before.end()
                           ? latest
                           : timestamps[static_cast<std::size_t>(found - before.begin())]);
  }
  return advanced;
}

Result<void> check_mode(const LogConfiguration& configuration, TreeSize start) {
  if (configuration.mode() != DeploymentMode::thirdPartyAuditing)
    return fail(Errc::rejected, "the log is not deployed with a third-party auditor");
  if (configuration.wire().auditor_start_pos.value() != start.value())
    return fail(Errc::rejected, "the configuration has the auditor start at another position");
  return {};
}

}  // namespace

Result<std::optional<EntryIndex>> MemoryAuditedLeaves::added_at(const HashValue& vrf_output) const {
  const auto found = added_at_.find(vrf_output);
  if (found == added_at_.end()) return std::optional<EntryIndex>();
  return std::optional<EntryIndex>(found->second);
}

Result<void> MemoryAuditedLeaves::apply(EntryIndex entry, const std::vector<PrefixLeaf>& added,
                                        const std::vector<PrefixLeaf>& removed) {
  for (const PrefixLeaf& leaf : removed) added_at_.erase(leaf.vrf_output);
  for (const PrefixLeaf& leaf : added) added_at_[leaf.vrf_output] = entry;
  return {};
}

Result<Auditor> Auditor::from_genesis(LogConfiguration configuration) {
  KT_TRY(check_mode(configuration, TreeSize{0}));
  return Auditor(std::move(configuration));
}

Result<Auditor> Auditor::from_view(LogConfiguration configuration, const TreeView& view) {
  KT_TRY(check_mode(configuration, view.size));
  KT_ASSERT(view.is_well_formed());
  Auditor auditor(std::move(configuration));
  KT_TRY(auditor.tree_, LogAccumulator::create(view.size, view.full_subtrees));
  for (const LogEntry& entry : view.frontier_entries)
    auditor.frontier_timestamps_.push_back(entry.timestamp);
  auditor.prefix_root_ = view.rightmost_entry().prefix_tree;
  return auditor;
}

bool Auditor::has_processed() const {
  return tree_.size().value() > configuration_.wire().auditor_start_pos.value();
}

Result<void> Auditor::check_removals(const AuditorUpdate& update,
                                     const AuditedLeaves& leaves) const {
  if (update.removed.empty()) return {};
  const TreeSize size = tree_.size();
  if (size == TreeSize{0})
    return fail(Errc::verification_failed, "step 4: a leaf is removed from an empty tree");

  KT_TRY(const auto distinguished,
         rightmost_publishing_entry(configuration_.wire(), size, frontier_timestamps_,
                                    update.timestamp));
  for (const PrefixLeaf& leaf : update.removed) {
    KT_TRY(const auto recorded, leaves.added_at(leaf.vrf_output));
    // A leaf from before the start was in the tree the auditor started from, and that is all the
    // auditor knows of it.
    const std::uint64_t start = configuration_.wire().auditor_start_pos.value();
    if (!recorded && start == 0)
      return fail(Errc::verification_failed, "step 4: a leaf is removed that was never added");
    const EntryIndex added = recorded ? *recorded : EntryIndex{start - 1};
    if (!distinguished || *distinguished < added)
      return fail(Errc::verification_failed,
                  "step 5: a leaf is removed before a distinguished log entry published it");
  }
  return {};
}

Result<void> Auditor::process(const AuditorUpdate& update, AuditedLeaves& leaves) {
  if (update.added.empty() && update.removed.empty())
    return fail(Errc::verification_failed, "an entry without changes cannot be audited");
  // A start at the greatest position there is cannot be told from an honest one.
  if (tree_.size().value() == std::numeric_limits<std::uint64_t>::max())
    return fail(Errc::verification_failed, "the log has no room for another entry");
  if (!frontier_timestamps_.empty() && update.timestamp < frontier_timestamps_.back())
    return fail(Errc::verification_failed, "step 1: the timestamp is before the previous entry's");
  auto roots = evaluate_prefix_update(update.added, update.removed, update.proof);
  if (!roots) return fail_in("steps 2 to 7", std::move(roots).error());
  if (roots->before != prefix_root_)
    return fail(Errc::verification_failed,
                "step 6: the proof is not from the previous entry's prefix tree");
  KT_TRY(check_removals(update, leaves));

  KT_TRY(leaves.apply(next_entry(), update.added, update.removed));
  frontier_timestamps_ = advance_frontier(tree_.size(), frontier_timestamps_, update.timestamp);
  tree_.append(log_leaf_value(update.timestamp, roots->after));
  prefix_root_ = roots->after;
  return {};
}

Result<AuditorTreeHead> Auditor::sign(const SigningKey& auditor_key) const {
  if (!has_processed()) return fail(Errc::unavailable, "no log entry was audited yet");
  return sign_auditor_tree_head(auditor_key, configuration_.wire(), frontier_timestamps_.back(),
                                tree_.size(), tree_.root());
}

Result<Bytes> Auditor::serialize() const {
  Encoder io;
  io.number("Auditor.version", kStateVersion);
  wire(io, configuration_.wire());
  io.number("Auditor.size", tree_.size());
  io.vector<1>("Auditor.full_subtrees", tree_.full_subtrees(), kHashSize, kHash);
  io.vector<1>("Auditor.frontier_timestamps", frontier_timestamps_, sizeof(std::uint64_t), kNumber);
  io.fixed("Auditor.prefix_root", prefix_root_, kHashSize);
  return std::move(io).finish();
}

Result<Auditor> Auditor::parse(ByteView bytes) {
  Decoder io(bytes);
  std::uint16_t version = 0;
  Configuration wire_configuration;
  TreeSize size;
  std::vector<HashValue> full_subtrees;
  std::vector<Timestamp> timestamps;
  HashValue prefix_root{};
  io.number("Auditor.version", version);
  io.require(version == kStateVersion, "Auditor.version", "is not one this program knows");
  wire(io, wire_configuration);
  io.number("Auditor.size", size);
  io.vector<1>("Auditor.full_subtrees", full_subtrees, kHashSize, kHash);
  io.vector<1>("Auditor.frontier_timestamps", timestamps, sizeof(std::uint64_t), kNumber);
  io.fixed("Auditor.prefix_root", prefix_root, kHashSize);
  KT_TRY(std::move(io).finish());

  KT_TRY(LogConfiguration configuration, LogConfiguration::create(std::move(wire_configuration)));
  const TreeSize start{configuration.wire().auditor_start_pos.value()};
  KT_TRY(check_mode(configuration, start));
  const std::size_t expected = size == TreeSize{0} ? 0 : frontier(size).size();
  if (size < start || timestamps.size() != expected)
    return fail(Errc::malformed, "Auditor.frontier_timestamps does not fit Auditor.size");
  Auditor auditor(std::move(configuration));
  KT_TRY(auditor.tree_, LogAccumulator::create(size, std::move(full_subtrees)));
  auditor.frontier_timestamps_ = std::move(timestamps);
  auditor.prefix_root_ = prefix_root;
  return auditor;
}

Result<std::optional<EntryIndex>> rightmost_publishing_entry(
    const Configuration& configuration, TreeSize size,
    const std::vector<Timestamp>& frontier_timestamps, Timestamp next) {
  // It is on the frontier of the tree before: nothing else lies on the way to that tree's last
  // entry.
  const std::vector<EntryIndex> entries = frontier(size);
  KT_ASSERT(frontier_timestamps.size() == entries.size());
  Timestamps timestamps;
  for (std::size_t i = 0; i < entries.size(); ++i)
    timestamps.set(entries[i], frontier_timestamps[i]);
  timestamps.set(EntryIndex{size.value()}, next);
  CombinedTree tree(timestamps, configuration, TreeSize{size.value() + 1});
  std::optional<EntryIndex> distinguished;
  for (const EntryIndex entry : entries) {
    KT_TRY(const bool is_distinguished, tree.is_distinguished(entry));
    if (is_distinguished) distinguished = entry;
  }
  return distinguished;
}

Result<AuditorUpdate> prove_auditor_update(const PrefixNodes& nodes, const PrefixChild& previous,
                                           Timestamp timestamp, std::vector<PrefixLeaf> added,
                                           std::vector<PrefixLeaf> removed) {
  const std::size_t changes = added.size() + removed.size();
  if (changes == 0 || changes > kMaxChanges)
    return fail(Errc::rejected, "an audited log entry has between 1 and 255 changes");
  const auto by_key = [](const PrefixLeaf& a, const PrefixLeaf& b) {
    return a.vrf_output < b.vrf_output;
  };
  std::sort(added.begin(), added.end(), by_key);
  std::sort(removed.begin(), removed.end(), by_key);
  std::vector<HashValue> keys;
  keys.reserve(changes);
  for (const PrefixLeaf& leaf : added) keys.push_back(leaf.vrf_output);
  for (const PrefixLeaf& leaf : removed) keys.push_back(leaf.vrf_output);
  KT_TRY(PrefixSearchAnswer answer, prefix_search(nodes, previous, keys));
  return AuditorUpdate{timestamp, std::move(added), std::move(removed), std::move(answer.proof)};
}

}  // namespace kt::keytrans
