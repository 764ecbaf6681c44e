#include "prefix_partial.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "prefix_bits.h"

namespace kt::keytrans {
namespace {

// The reference of every opaque node.
constexpr PrefixNodeRef kOpaque = std::numeric_limits<PrefixNodeRef>::max();

// The node at which a search ended: at `depth`, where the first `depth` bits of `key` lead.
struct Terminal {
  HashValue key{};
  unsigned depth = 0;
  std::optional<PrefixLeaf> leaf;  // nothing for a missing child
};

using Terminals = std::span<const Terminal>;

// What `result` says of the node at which the search for `lookup` ended.
Result<Terminal> terminal_of(const PrefixLookup& lookup, const PrefixSearchResult& result) {
  const bool has_leaf = result.leaf.has_value();
  if (has_leaf != (result.result_type == PrefixSearchResultType::nonInclusionLeaf)) {
    return fail(Errc::malformed, "prefix search result and its type disagree on a leaf");
  }
  Terminal terminal{lookup.vrf_output, result.depth, result.leaf};
  switch (result.result_type) {
    case PrefixSearchResultType::inclusion:
      if (!lookup.commitment) {
        return fail(Errc::verification_failed, "inclusion of a key without a known commitment");
      }
      terminal.leaf = PrefixLeaf{lookup.vrf_output, *lookup.commitment};
      return terminal;
    case PrefixSearchResultType::nonInclusionLeaf:
      if (result.leaf->vrf_output == lookup.vrf_output) {
        return fail(Errc::verification_failed, "non-inclusion shown by a leaf with the key itself");
      }
      if (!share_prefix(result.leaf->vrf_output, lookup.vrf_output, result.depth)) {
        return fail(Errc::verification_failed, "non-inclusion shown by a leaf from another place");
      }
      return terminal;
    case PrefixSearchResultType::nonInclusionParent: return terminal;
  }
  return fail(Errc::malformed, "prefix search result has an unknown type");
}

// The terminals of all results, ascending by key, so that what lies under one node is contiguous.
Result<std::vector<Terminal>> terminals_of(std::span<const PrefixLookup> lookups,
                                           std::span<const PrefixSearchResult> results) {
  if (results.size() != lookups.size()) {
    return fail(Errc::verification_failed, "prefix proof has " + std::to_string(results.size()) +
                                               " results for " + std::to_string(lookups.size()) +
                                               " lookups");
  }
  std::vector<Terminal> terminals;
  terminals.reserve(results.size());
  for (std::size_t i = 0; i < results.size(); ++i) {
    KT_TRY(Terminal terminal, terminal_of(lookups[i], results[i]));
    terminals.push_back(terminal);
  }
  std::sort(terminals.begin(), terminals.end(),
            [](const Terminal& a, const Terminal& b) { return a.key < b.key; });
  return terminals;
}

// Puts the shown part of the tree together, consuming the proof's elements from the left.
class Rebuild {
 public:
  Rebuild(PrefixNodeWriter& nodes, std::span<const HashValue> elements)
      : nodes_(nodes), elements_(elements) {}

  // The node at `depth` under which exactly `terminals` lie. Their keys share `depth` bits and none
  // ended above. At most 256 deep: a call with terminals left goes deeper only towards one of them.
  Result<PrefixChild> node(Terminals terminals, unsigned depth) {
    if (terminals.empty()) return element();
    const bool ends_here =
        std::any_of(terminals.begin(), terminals.end(),
                    [depth](const Terminal& terminal) { return terminal.depth == depth; });
    return ends_here ? terminal(terminals) : parent(terminals, depth);
  }

  [[nodiscard]] std::size_t elements_left() const { return elements_.size(); }

 private:
  // The next node of which the proof gives the hash; all zero says that there is none.
  Result<PrefixChild> element() {
    if (elements_.empty()) return fail(Errc::verification_failed, "prefix proof lacks elements");
    const HashValue value = elements_.front();
    elements_ = elements_.subspan(1);
    if (value == kMissingPrefixNode) return PrefixChild{};
    return PrefixChild{kOpaque, value};
  }

  // The one node at which all of `terminals` ended, as all of them must then say.
  Result<PrefixChild> terminal(Terminals terminals) {
    const Terminal& first = terminals.front();
    for (const Terminal& other : terminals) {
      if (other.depth != first.depth) {
        return fail(Errc::verification_failed, "prefix search ended above another's terminal node");
      }
      if (other.leaf != first.leaf) {
        return fail(Errc::verification_failed, "prefix searches disagree on a terminal node");
      }
    }
    if (!first.leaf) return PrefixChild{};
    KT_TRY(const PrefixNodeRef ref, nodes_.put(*first.leaf));
    return PrefixChild{ref, prefix_leaf_value(*first.leaf)};
  }

  Result<PrefixChild> parent(Terminals terminals, unsigned depth) {
    const auto middle = split_at_bit(terminals, depth, &Terminal::key);
    KT_TRY(const PrefixChild left, node(Terminals(terminals.begin(), middle), depth + 1));
    KT_TRY(const PrefixChild right, node(Terminals(middle, terminals.end()), depth + 1));
    if (left.is_missing() && right.is_missing()) {
      return fail(Errc::verification_failed, "prefix proof shows a parent without children");
    }
    KT_TRY(const PrefixNodeRef ref, nodes_.put(PrefixParent{{left, right}}));
    return PrefixChild{ref, prefix_parent_value(left.hash, right.hash)};
  }

  PrefixNodeWriter& nodes_;
  std::span<const HashValue> elements_;
};

}  // namespace

Result<PrefixPartialTree> PrefixPartialTree::create(std::span<const PrefixLookup> lookups,
                                                    const PrefixProof& proof) {
  KT_TRY(const auto terminals, terminals_of(lookups, proof.results));
  PrefixPartialTree tree;
  Rebuild rebuild(tree, proof.elements);
  KT_TRY(tree.root_, rebuild.node(terminals, 0));
  if (rebuild.elements_left() != 0) {
    return fail(Errc::verification_failed, "prefix proof has more elements than it needs");
  }
  return tree;
}

Result<PrefixNode> PrefixPartialTree::get(PrefixNodeRef ref) const {
  if (ref == kOpaque) {
    return fail(Errc::verification_failed,
                "prefix tree node is not shown by the proof, which leaves the tree undetermined");
  }
  return nodes_.get(ref);
}

Result<PrefixNodeRef> PrefixPartialTree::put(const PrefixNode& node) { return nodes_.put(node); }

}  // namespace kt::keytrans
