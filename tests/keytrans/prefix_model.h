// A naive prefix tree, read straight from "Prefix Tree": a sorted map of all leaves, of which every
// value is computed anew from the definition. Tests drive it beside the real one.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "keytrans/bytes.h"
#include "keytrans/hash.h"
#include "keytrans/prefix_proof.h"
#include "random_source.h"

namespace kt::keytrans {

// The first bits of a key, as characters '0' and '1'.
[[nodiscard]] inline std::string bits_of(const HashValue& key, std::size_t count = 256) {
  std::string bits;
  for (std::size_t i = 0; i < count; ++i) {
    bits.push_back((key[i / 8] & (0x80U >> (i % 8))) != 0 ? '1' : '0');
  }
  return bits;
}

class PrefixModel {
 public:
  using Leaves = std::map<std::string, PrefixLeaf>;  // by all 256 bits of the key

  void set(const PrefixLeaf& leaf) { leaves_[bits_of(leaf.vrf_output)] = leaf; }
  void erase(const HashValue& key) { leaves_.erase(bits_of(key)); }

  [[nodiscard]] std::size_t size() const { return leaves_.size(); }
  [[nodiscard]] const Leaves& leaves() const { return leaves_; }
  [[nodiscard]] std::vector<PrefixLeaf> leaf_list() const {
    std::vector<PrefixLeaf> list;
    for (const auto& [bits, leaf] : leaves_) list.push_back(leaf);
    return list;
  }
  [[nodiscard]] std::optional<HashValue> find(const HashValue& key) const {
    const auto found = leaves_.find(bits_of(key));
    if (found == leaves_.end()) return std::nullopt;
    return found->second.commitment;
  }

  [[nodiscard]] HashValue root() const { return value(""); }

  // How many keys start with `prefix`.
  [[nodiscard]] std::size_t count(const std::string& prefix) const {
    std::size_t count = 0;
    for (auto at = leaves_.lower_bound(prefix); at != leaves_.end() && starts(at, prefix); ++at) {
      ++count;
    }
    return count;
  }

  // Where the search for `key` ends.
  [[nodiscard]] PrefixSearchResult search(const HashValue& key) const {
    std::size_t depth = 0;
    while (count(bits_of(key, depth)) > 1) ++depth;
    PrefixSearchResult result;
    result.depth = static_cast<std::uint8_t>(depth);
    const auto end = leaves_.lower_bound(bits_of(key, depth));
    if (end == leaves_.end() || !starts(end, bits_of(key, depth))) {
      result.result_type = PrefixSearchResultType::nonInclusionParent;
    } else if (end->second.vrf_output != key) {
      result.result_type = PrefixSearchResultType::nonInclusionLeaf;
      result.leaf = end->second;
    }
    return result;
  }

 private:
  static bool starts(Leaves::const_iterator at, const std::string& prefix) {
    return at->first.compare(0, prefix.size(), prefix) == 0;
  }

  // The value of the node at `prefix`.
  [[nodiscard]] HashValue value(const std::string& prefix) const {
    const std::size_t keys = count(prefix);
    if (keys == 0) return HashValue{};
    Bytes content;
    if (keys == 1) {
      const PrefixLeaf& leaf = leaves_.lower_bound(prefix)->second;
      content.push_back(0x02);
      content.insert(content.end(), leaf.vrf_output.begin(), leaf.vrf_output.end());
      content.insert(content.end(), leaf.commitment.begin(), leaf.commitment.end());
    } else {
      content.push_back(0x03);
      for (const char* bit : {"0", "1"}) {
        const HashValue child = value(prefix + bit);
        content.insert(content.end(), child.begin(), child.end());
      }
    }
    return sha256(content);
  }

  Leaves leaves_;
};

// A key: random, or one that shares a random number of bits, at most 254, with one of `others`.
[[nodiscard]] inline HashValue random_key(RandomSource& random,
                                          const std::vector<PrefixLeaf>& others) {
  HashValue key = random.hash();
  if (others.empty() || random.coin()) return key;
  const HashValue& other = others[random.below(others.size())].vrf_output;
  const std::size_t shared = random.below(8) == 0 ? random.below(255) : random.below(12);
  for (std::size_t bit = 0; bit <= shared; ++bit) {
    const auto mask = static_cast<std::uint8_t>(0x80U >> (bit % 8));
    const bool differs = bit == shared;
    if (((key[bit / 8] ^ other[bit / 8]) & mask) != (differs ? mask : 0)) key[bit / 8] ^= mask;
  }
  return key;
}

// `count` leaves with different keys; no two share 255 bits.
[[nodiscard]] inline std::vector<PrefixLeaf> random_prefix_leaves(RandomSource& random,
                                                                  std::size_t count) {
  std::vector<PrefixLeaf> leaves;
  PrefixModel model;
  while (leaves.size() < count) {
    const PrefixLeaf leaf{random_key(random, leaves), random.hash()};
    if (model.count(bits_of(leaf.vrf_output, 255)) > 0) continue;
    model.set(leaf);
    leaves.push_back(leaf);
  }
  return leaves;
}

}  // namespace kt::keytrans
