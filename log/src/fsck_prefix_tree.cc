// The prefix tree: every stored node beside its parent's hash of it, and every tree that has to be
// complete.
#include <unordered_map>

#include "fsck_run.h"

namespace kt::log {
namespace {

using keytrans::PrefixChild;
using keytrans::PrefixLeaf;
using keytrans::PrefixNode;
using keytrans::PrefixNodeRef;
using keytrans::PrefixParent;

std::string node_name(PrefixNodeRef ref) {
  return "prefix chunk " + std::to_string(chunk_of(ref)) + " node " + std::to_string(place_of(ref));
}

HashValue value_of(const PrefixNode& node) {
  if (const auto* const leaf = std::get_if<PrefixLeaf>(&node))
    return keytrans::prefix_leaf_value(*leaf);
  const auto& children = std::get<PrefixParent>(node).children;
  return keytrans::prefix_parent_value(children[0].hash, children[1].hash);
}

class PrefixTreeCheck {
 public:
  explicit PrefixTreeCheck(FsckRun& run) : run_(run) {}

  Result<void> check() {
    KT_TRY(run_.visit(run_.log().tables.prefix, "prefix",
                      [this](const FoundRecord& record) { return check_chunk(record); }));
    KT_TRY(run_.visit_entries([this](EntryIndex index, const StoredEntry& entry) -> Result<void> {
      if (run_.is_expired(entry)) return {};
      return check_child("entry " + std::to_string(index.value()), "its prefix tree",
                         entry.prefix_tree);
    }));
    if (!is_node_gone_) return {};
    // A parent without its child may be one that nothing needs and that is yet to be pruned.
    return run_.visit_entries([this](EntryIndex index, const StoredEntry& entry) {
      return run_.is_expired(entry) ? Result<void>() : walk(index, entry.prefix_tree);
    });
  }

 private:
  Result<void> check_chunk(const FoundRecord& record) {
    ++run_.report.prefix_chunks;
    const auto number = parse_number_key(record.key);
    if (!number || *number == 0 || *number >= run_.log().state.next_chunk) {
      run_.fault("prefix record " + std::to_string(record.number),
                 "its key is not the number of a chunk that the log has made");
      return {};
    }
    const std::string name = "prefix chunk " + std::to_string(*number);
    if (!record.value) {
      run_.fault(name, record.value.error().detail);
      return {};
    }
    const auto nodes = read_chunk(*record.value);
    if (!nodes) {
      run_.fault(name, nodes.error().detail);
      return {};
    }
    for (std::size_t place = 0; place < nodes->size(); ++place) {
      if (!(*nodes)[place]) continue;
      ++run_.report.prefix_nodes;
      if (const auto* const parent = std::get_if<PrefixParent>(&*(*nodes)[place])) {
        KT_TRY(check_parent(node_name(node_ref(*number, place)), *parent));
      }
    }
    return {};
  }

  Result<void> check_parent(const std::string& name, const PrefixParent& parent) {
    if (parent.children[0].is_missing() && parent.children[1].is_missing())
      run_.fault(name, "it is a parent without children");
    KT_TRY(check_child(name, "its left child", parent.children[0]));
    return check_child(name, "its right child", parent.children[1]);
  }

  // Compares a node with the hash that stands beside its number in `record`.
  Result<void> check_child(const std::string& record, const std::string& what,
                           const PrefixChild& child) {
    if (child.is_missing()) {
      if (child.hash != keytrans::kMissingPrefixNode)
        run_.fault(record, what + " has a hash and is no node");
      return {};
    }
    const auto node = run_.snapshot().get(child.ref);
    if (!node && node.error().code != Errc::corrupt) return tl::unexpected<Error>(node.error());
    if (!node) {
      is_node_gone_ = true;
    } else if (value_of(*node) != child.hash) {
      run_.fault(record, what + ", " + node_name(child.ref) + ", does not have the hash it should");
    }
    return {};
  }

  // Reports what is not there of an entry's tree. What was met in another entry's is not met again.
  Result<void> walk(EntryIndex index, const PrefixChild& root) {
    struct Step {
      PrefixNodeRef ref;
      PrefixNodeRef parent;  // 0 for the root
    };
    const std::string entry = "entry " + std::to_string(index.value());
    std::vector<Step> open;
    if (!root.is_missing()) open.push_back({root.ref, 0});
    while (!open.empty()) {
      const Step step = open.back();
      open.pop_back();
      if (!meet(step.ref)) continue;
      const auto node = run_.snapshot().get(step.ref);
      if (!node && node.error().code != Errc::corrupt) return tl::unexpected<Error>(node.error());
      if (!node) {
        run_.fault(step.parent == 0 ? entry : node_name(step.parent),
                   "its child " + node_name(step.ref) + ", which the prefix tree of " + entry +
                       " needs, is not there: " + node.error().detail);
        continue;
      }
      if (const auto* const parent = std::get_if<PrefixParent>(&*node)) {
        for (const PrefixChild& child : parent->children) {
          if (!child.is_missing()) open.push_back({child.ref, step.ref});
        }
      }
    }
    return {};
  }

  // Whether the node was not met before.
  bool meet(PrefixNodeRef ref) {
    Places& met = met_[chunk_of(ref)];
    const auto bit = static_cast<Places>(Places{1} << place_of(ref));
    const bool is_new = (met & bit) == 0;
    met = static_cast<Places>(met | bit);
    return is_new;
  }

  FsckRun& run_;
  bool is_node_gone_ = false;
  std::unordered_map<std::uint64_t, Places> met_;  // nodes, by chunk
};

}  // namespace

Result<void> check_prefix_tree(FsckRun& run) { return PrefixTreeCheck(run).check(); }

}  // namespace kt::log
