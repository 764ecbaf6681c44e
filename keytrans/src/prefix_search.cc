#include <algorithm>
#include <cstdint>

#include "keytrans/prefix_tree.h"
#include "prefix_bits.h"

namespace kt::keytrans {
namespace {

// A key and its place in the request.
struct Query {
  HashValue key;
  std::size_t position;
};

using Queries = std::span<const Query>;

// One batch lookup, from the root down and from left to right.
class Search {
 public:
  Search(const PrefixNodes& nodes, std::size_t lookups) : nodes_(nodes) {
    answer_.proof.results.resize(lookups);
    answer_.commitments.resize(lookups);
  }

  // Answers `queries`, whose keys lead to `child` at `depth`. At most 256 deep.
  Result<void> descend(const PrefixChild& child, Queries queries, unsigned depth) {
    if (queries.empty()) {
      answer_.proof.elements.push_back(child.hash);
      return {};
    }
    if (depth > kMaxPrefixDepth) return fail(Errc::corrupt, "prefix tree is too deep");
    if (child.is_missing()) {
      for (const Query& query : queries) {
        answer(query, PrefixSearchResultType::nonInclusionParent, depth);
      }
      return {};
    }
    KT_TRY(const PrefixNode node, nodes_.get(child.ref));
    if (const auto* const leaf = std::get_if<PrefixLeaf>(&node)) {
      for (const Query& query : queries) end_at_leaf(query, *leaf, depth);
      return {};
    }
    const auto& children = std::get<PrefixParent>(node).children;
    const auto middle = split_at_bit(queries, depth, &Query::key);
    KT_TRY(descend(children[0], Queries(queries.begin(), middle), depth + 1));
    return descend(children[1], Queries(middle, queries.end()), depth + 1);
  }

  [[nodiscard]] PrefixSearchAnswer take() && { return std::move(answer_); }

 private:
  PrefixSearchResult& answer(const Query& query, PrefixSearchResultType type, unsigned depth) {
    PrefixSearchResult& result = answer_.proof.results[query.position];
    result.result_type = type;
    result.depth = static_cast<std::uint8_t>(depth);
    return result;
  }

  void end_at_leaf(const Query& query, const PrefixLeaf& leaf, unsigned depth) {
    if (leaf.vrf_output == query.key) {
      answer(query, PrefixSearchResultType::inclusion, depth);
      answer_.commitments[query.position] = leaf.commitment;
    } else {
      answer(query, PrefixSearchResultType::nonInclusionLeaf, depth).leaf = leaf;
    }
  }

  const PrefixNodes& nodes_;
  PrefixSearchAnswer answer_;
};

}  // namespace

Result<PrefixSearchAnswer> prefix_search(const PrefixNodes& nodes, const PrefixChild& root,
                                         std::span<const HashValue> keys) {
  std::vector<Query> queries;
  queries.reserve(keys.size());
  for (const HashValue& key : keys) queries.push_back({key, queries.size()});
  std::sort(queries.begin(), queries.end(),
            [](const Query& a, const Query& b) { return a.key < b.key; });
  Search search(nodes, keys.size());
  KT_TRY(search.descend(root, queries, 0));
  return std::move(search).take();
}

}  // namespace kt::keytrans
