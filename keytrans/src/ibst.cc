#include "keytrans/ibst.h"

#include <algorithm>
#include <bit>
#include <cstdint>

#include "keytrans/result.h"

namespace kt::keytrans {
namespace {

// The level of an entry: leaves of the search tree are level 0. It is the number of trailing one
// bits, at most 63 for an index below 2^64-1.
int level(std::uint64_t index) { return std::countr_one(index); }

}  // namespace

EntryIndex ibst_root(TreeSize size) {
  KT_ASSERT(size.value() > 0);
  return EntryIndex{std::bit_floor(size.value()) - 1};
}

std::optional<EntryIndex> ibst_left(EntryIndex entry) {
  const int k = level(entry.value());
  if (k == 0) return std::nullopt;
  return EntryIndex{entry.value() ^ std::uint64_t{1} << (k - 1)};
}

std::optional<EntryIndex> ibst_right(EntryIndex entry, TreeSize size) {
  KT_ASSERT(entry.value() < size.value());
  const int k = level(entry.value());
  if (k == 0 || entry == rightmost(size)) return std::nullopt;
  std::uint64_t child = entry.value() ^ std::uint64_t{3} << (k - 1);
  // The right half may be cut short by the end of the log. Entry + 1 exists, so a left child that
  // is inside the log is reached before the leaves run out.
  while (child >= size.value()) child ^= std::uint64_t{1} << (level(child) - 1);
  return EntryIndex{child};
}

std::vector<EntryIndex> frontier(TreeSize size) { return search_path(rightmost(size), size); }

std::vector<EntryIndex> direct_path(EntryIndex entry, TreeSize size) {
  std::vector<EntryIndex> path = search_path(entry, size);
  path.pop_back();
  std::reverse(path.begin(), path.end());
  return path;
}

std::vector<EntryIndex> search_path(EntryIndex entry, TreeSize size) {
  KT_ASSERT(entry.value() < size.value());
  std::vector<EntryIndex> path{ibst_root(size)};
  while (path.back() != entry) {
    const auto next = entry < path.back() ? ibst_left(path.back()) : ibst_right(path.back(), size);
    KT_ASSERT(next.has_value());
    path.push_back(*next);
  }
  return path;
}

}  // namespace kt::keytrans
