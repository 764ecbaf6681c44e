// The prefix tree as a verifier sees it: proofs and the root they lead to ("Prefix Tree",
// "Cryptographic Computations / Prefix Tree", "Tree Proofs / Prefix Tree").
//
// The tree maps a VRF output, read as a string of bits from the most significant bit of its first
// byte, to a commitment. A key's leaf sits at the shallowest depth at which no other key shares its
// prefix; a parent may lack one child, and all-zero bytes stand in for it. The root has depth 0.
//
// A search for a key ends at a *terminal* node: the key's leaf (`inclusion`), another key's leaf
// (`nonInclusionLeaf`) or a missing child (`nonInclusionParent`). A `PrefixProof` holds one result
// per lookup, in the order of the lookups, and in `elements`, left to right, the fewest other node
// values that lead to the root.
//
// Evaluating a proof yields a *candidate* root. It means something only once it was compared with a
// root the verifier has reason to trust, such as that of a log entry.
//
// Depths are at most 255, the most a `uint8` can say: two keys that share 255 bits or more cannot
// be in one tree.
//
// Thread rule: plain values and pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "keytrans/bytes.h"
#include "keytrans/result.h"

namespace kt::keytrans {

// Depth of the deepest terminal node.
inline constexpr unsigned kMaxPrefixDepth = 255;

// The value of a node that does not exist, and so the root of the tree without keys, on which the
// draft is silent.
inline constexpr HashValue kMissingPrefixNode{};

// enum { reserved(0), inclusion(1), nonInclusionLeaf(2), nonInclusionParent(3), (255) }
enum class PrefixSearchResultType : std::uint8_t {
  inclusion = 1,
  nonInclusionLeaf = 2,
  nonInclusionParent = 3,
};

// struct {
//   opaque vrf_output[VRF.Nh];
//   opaque commitment[Hash.Nh];
// } PrefixLeaf;
struct PrefixLeaf {
  HashValue vrf_output{};
  HashValue commitment{};

  friend bool operator==(const PrefixLeaf&, const PrefixLeaf&) = default;
};

// struct {
//   PrefixSearchResultType result_type;
//   select (PrefixSearchResult.result_type) {
//     case nonInclusionLeaf:
//       PrefixLeaf leaf;
//   };
//   uint8 depth;
// } PrefixSearchResult;
struct PrefixSearchResult {
  PrefixSearchResultType result_type = PrefixSearchResultType::inclusion;
  std::optional<PrefixLeaf> leaf;  // present for nonInclusionLeaf and for nothing else
  std::uint8_t depth = 0;

  friend bool operator==(const PrefixSearchResult&, const PrefixSearchResult&) = default;
};

// struct {
//   PrefixSearchResult results<0..2^8-1>;
//   HashValue elements<0..2^16-1>;
// } PrefixProof;
struct PrefixProof {
  std::vector<PrefixSearchResult> results;
  std::vector<HashValue> elements;

  friend bool operator==(const PrefixProof&, const PrefixProof&) = default;
};

// The value of a leaf: Hash(0x02 || vrf_output || commitment).
[[nodiscard]] HashValue prefix_leaf_value(const PrefixLeaf& leaf);

// The value of a parent: Hash(0x03 || left || right), kMissingPrefixNode for a child that is
// missing.
[[nodiscard]] HashValue prefix_parent_value(const HashValue& left, const HashValue& right);

// A key that was looked up. `commitment` is what the verifier knows of the key's leaf; a result of
// `inclusion` cannot be evaluated without it, and other results do not use it.
struct PrefixLookup {
  HashValue vrf_output{};
  std::optional<HashValue> commitment;

  friend bool operator==(const PrefixLookup&, const PrefixLookup&) = default;
};

// The candidate root that `proof` leads to for `lookups`, which are in the order of its results.
// Without lookups, that is the proof's one element.
//
// Errors, malformed: a result has a leaf its type does not have, or lacks one, or its type is
// unknown. verification_failed: not one result per lookup; inclusion of a key whose commitment is
// unknown; a nonInclusionLeaf with the key itself or with one outside the prefix searched; two
// results that contradict each other, because one terminal node lies above another or two at one
// place differ; a parent with no child at all; too few or too many elements.
//
// Work and memory are in proportion to the proof; recursion is at most 256 deep.
Result<HashValue> evaluate_prefix_proof(std::span<const PrefixLookup> lookups,
                                        const PrefixProof& proof);

// The roots before and after an update.
struct PrefixRoots {
  HashValue before{};
  HashValue after{};

  friend bool operator==(const PrefixRoots&, const PrefixRoots&) = default;
};

// The candidate roots of the prefix tree before and after a log entry that added and removed the
// given leaves, from the `AuditorUpdate`'s proof of lookups in the tree before: of `added` in
// order, then of `removed` in order ("Auditing", steps 2 to 4, 6 and 7). A key in both lists has
// its commitment replaced. The caller compares `before` with its own state.
//
// Errors: those of evaluate_prefix_proof(); verification_failed when a list is not strictly
// ascending by vrf_output, an added key that is not also removed was there before, a removed leaf
// was not, two keys would share 255 bits, or the root afterwards is *undetermined*: a removal left
// a node with one child of which the proof shows the hash and nothing else. Whether that child is a
// leaf, which moves up, or a parent, which stays, the hash does not tell.
Result<PrefixRoots> evaluate_prefix_update(std::span<const PrefixLeaf> added,
                                           std::span<const PrefixLeaf> removed,
                                           const PrefixProof& proof);

}  // namespace kt::keytrans
