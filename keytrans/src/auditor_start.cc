#include "keytrans/auditor_start.h"

#include "keytrans/ibst.h"

namespace kt::keytrans {
namespace {

Result<TreeSize> start_size(const LogConfiguration& configuration) {
  if (configuration.mode() != DeploymentMode::thirdPartyAuditing)
    return fail(Errc::rejected, "the log is not deployed with a third-party auditor");
  const TreeSize size{configuration.wire().auditor_start_pos.value()};
  if (size == TreeSize{0})
    return fail(Errc::rejected, "the auditor starts with the log's first entry");
  return size;
}

}  // namespace

Result<AuditorStart> prove_auditor_start(const LogSource& log) {
  KT_TRY(const TreeSize size, start_size(log.configuration()));
  const std::vector<EntryIndex> leaves = frontier(size);
  AuditorStart start;
  // The rightmost first, which tells whether the log has that many.
  KT_TRY(log.entry(leaves.back()));
  for (const EntryIndex leaf : leaves) {
    KT_TRY(const LogEntry entry, log.entry(leaf));
    start.frontier_entries.push_back(entry);
  }
  KT_TRY(start.inclusion.elements,
         prove_batch(log.log_nodes(), size, leaves, std::nullopt, std::nullopt));
  return start;
}

Result<TreeView> verify_auditor_start(const LogConfiguration& configuration,
                                      const AuditorStart& start) {
  KT_TRY(const TreeSize size, start_size(configuration));
  const std::vector<EntryIndex> indices = frontier(size);
  if (start.frontier_entries.size() != indices.size())
    return fail(Errc::verification_failed,
                "the auditor's start has not one entry for each of the frontier");
  std::vector<LogLeaf> leaves;
  Timestamp previous;
  for (std::size_t i = 0; i < indices.size(); ++i) {
    const LogEntry& entry = start.frontier_entries[i];
    if (entry.timestamp < previous)
      return fail(Errc::verification_failed, "the entries of the auditor's start go back in time");
    previous = entry.timestamp;
    leaves.push_back({indices[i], log_leaf_value(entry.timestamp, entry.prefix_tree)});
  }
  auto tree = evaluate_batch(size, leaves, std::nullopt, std::nullopt, start.inclusion.elements);
  if (!tree) return fail_in("the auditor's start", std::move(tree).error());
  return TreeView{size, tree->full_subtrees(), start.frontier_entries};
}

}  // namespace kt::keytrans
