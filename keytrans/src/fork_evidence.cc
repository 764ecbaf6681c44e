#include "keytrans/fork_evidence.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "keytrans/log_tree.h"
#include "wire.h"

namespace kt::keytrans {

template <class Io, Like<ForkBranch> S>
void wire(Io& io, S& s) {
  io.structure("ForkBranch.tree_head", s.tree_head, kPlain);
  io.template vector<1>("ForkBranch.full_subtrees", s.full_subtrees, kHashSize, kHash);
  io.structure("ForkBranch.consistency", s.consistency, kPlain);
}

template <class Io, Like<ForkEvidence> S>
void wire(Io& io, S& s) {
  io.structure("ForkEvidence.config", s.config, kPlain);
  io.number("ForkEvidence.size", s.size);
  for (auto& branch : s.branches) wire(io, branch);
}

namespace {

// "KTFORK", and the version of the format.
using Magic = std::array<std::uint8_t, 8>;
constexpr Magic kMagic{'K', 'T', 'F', 'O', 'R', 'K', 0, 1};

// One response, verified as by a user without state.
struct Witness {
  TreeHead tree_head;
  CandidateTree tree;
  std::vector<EntryIndex> distinguished;
};

Result<Witness> verify_witness(const LogConfiguration& configuration,
                               const DistinguishedResponse& response, const RecentPolicy& recent) {
  const FullTreeHead& head = response.full_tree_head;
  if (head.head_type != FullTreeHeadType::updated || head.tree_head.tree_size == TreeSize{0})
    return fail(Errc::verification_failed, "the response has no tree head of its own");
  std::optional<TreeSize> auditor;
  if (configuration.mode() == DeploymentMode::thirdPartyAuditing) {
    auditor = head.auditor_tree_head.tree_size;
    if (*auditor == TreeSize{0} || *auditor > head.tree_head.tree_size)
      return fail(Errc::verification_failed,
                  "AuditorTreeHead.tree_size is not within the log's tree");
  }
  const LabelVersions no_versions;
  ProofReader reader(response.distinguished, nullptr, no_versions);
  CombinedTree tree(reader, configuration.wire(), head.tree_head.tree_size);
  KT_TRY(update_view(tree, std::nullopt));
  KT_TRY(std::vector<EntryIndex> distinguished, walk_distinguished(tree, recent, std::nullopt));
  KT_TRY(CandidateTree candidate, reader.finish(tree.size(), auditor));
  KT_TRY(configuration.verify_tree_head(head.tree_head, candidate.root()));
  return Witness{head.tree_head, std::move(candidate), std::move(distinguished)};
}

// What `witness` says of the log's first `size` entries, and how that leads to its tree head.
ForkBranch make_branch(const Witness& witness, TreeSize size) {
  ForkBranch branch{witness.tree_head, *witness.tree.values().full_subtrees_at(size), {}};
  for (const Subtree& node : batch_copath(witness.tree.size(), {}, size, std::nullopt)) {
    const auto value = witness.tree.values().node(node);
    KT_ASSERT(value.has_value());
    branch.consistency.elements.push_back(*value);
  }
  return branch;
}

Result<void> verify_branch(const LogConfiguration& configuration, const ForkBranch& branch,
                           TreeSize size) {
  KT_TRY(const LogTreeValues values, evaluate_batch(branch.tree_head.tree_size, {},
                                                    RetainedSubtrees{size, branch.full_subtrees},
                                                    std::nullopt, branch.consistency.elements));
  return configuration.verify_tree_head(branch.tree_head, values.root());
}

bool is_end_of_one_and_beginning_of_other(std::span<const HashValue> a,
                                          std::span<const HashValue> b) {
  for (std::size_t n = std::min(a.size(), b.size()); n > 0; --n) {
    const auto end = a.last(n);
    if (std::equal(end.begin(), end.end(), b.begin())) return true;
  }
  return false;
}

}  // namespace

DistinguishedHead distinguished_head(std::span<const KnownDistinguished> known) {
  DistinguishedHead head;
  for (const KnownDistinguished& entry : known) head.heads.push_back(entry.view.root());
  return head;
}

HeadComparison compare_heads(const DistinguishedHead& a, const DistinguishedHead& b) {
  return is_end_of_one_and_beginning_of_other(a.heads, b.heads) ||
                 is_end_of_one_and_beginning_of_other(b.heads, a.heads)
             ? HeadComparison::consistent
             : HeadComparison::inconsistent;
}

ListComparison compare_lists(std::span<const KnownDistinguished> a,
                             std::span<const KnownDistinguished> b) {
  if (a.empty() || b.empty()) return ListComparison::apart;
  const EntryIndex begin = std::max(a.front().position(), b.front().position());
  const EntryIndex end = std::min(a.back().position(), b.back().position());
  if (begin > end) return ListComparison::apart;
  const auto within = [&](std::span<const KnownDistinguished> list) {
    std::vector<std::pair<EntryIndex, HashValue>> entries;
    for (const KnownDistinguished& each : list) {
      if (each.position() >= begin && each.position() <= end)
        entries.emplace_back(each.position(), each.view.root());
    }
    return entries;
  };
  return within(a) == within(b) ? ListComparison::same : ListComparison::different;
}

Result<Bytes> ForkEvidence::serialize() const {
  Encoder io;
  io.fixed("ForkEvidence.magic", kMagic, kMagic.size());
  wire(io, *this);
  return std::move(io).finish();
}

Result<ForkEvidence> ForkEvidence::parse(ByteView bytes) {
  Decoder io(bytes);
  Magic magic{};
  ForkEvidence evidence;
  io.fixed("ForkEvidence.magic", magic, magic.size());
  io.require(magic == kMagic, "ForkEvidence.magic", "is not that of a fork evidence file");
  wire(io, evidence);
  KT_TRY(std::move(io).finish());
  return evidence;
}

void show(const ForkEvidence& evidence, FieldSink& sink) {
  Viewer viewer(sink);
  viewer.structure("config", evidence.config, kPlain);
  viewer.number("size", evidence.size);
  sink.begin_list("branches");
  for (const ForkBranch& branch : evidence.branches) viewer.structure("", branch, kPlain);
  sink.end();
}

Result<void> verify_fork_evidence(const ForkEvidence& evidence) {
  KT_TRY(const LogConfiguration configuration, LogConfiguration::create(evidence.config));
  if (evidence.size == TreeSize{0})
    return fail(Errc::verification_failed, "the evidence is about no entry at all");
  for (std::size_t i = 0; i < evidence.branches.size(); ++i) {
    auto verified = verify_branch(configuration, evidence.branches[i], evidence.size);
    if (!verified) return fail_in("branch " + std::to_string(i), std::move(verified).error());
  }
  if (log_root(evidence.size, evidence.branches[0].full_subtrees) ==
      log_root(evidence.size, evidence.branches[1].full_subtrees))
    return fail(Errc::verification_failed, "both branches have the same first entries");
  return {};
}

Result<std::optional<ForkEvidence>> find_fork(const LogConfiguration& configuration,
                                              const DistinguishedResponse& a,
                                              const DistinguishedResponse& b,
                                              const RecentPolicy& recent) {
  KT_TRY(const Witness first, verify_witness(configuration, a, recent));
  KT_TRY(const Witness second, verify_witness(configuration, b, recent));

  // Sizes at which both trees are known: at common distinguished entries, and at the whole of one
  // where the other shows as much.
  std::vector<TreeSize> sizes{first.tree.size(), second.tree.size()};
  for (const EntryIndex entry : first.distinguished) sizes.push_back(size_through(entry));
  for (const EntryIndex entry : second.distinguished) sizes.push_back(size_through(entry));
  std::sort(sizes.begin(), sizes.end());
  for (const TreeSize size : sizes) {
    const auto root_of_first = first.tree.root_at(size);
    const auto root_of_second = second.tree.root_at(size);
    if (!root_of_first || !root_of_second || *root_of_first == *root_of_second) continue;
    return std::optional<ForkEvidence>(ForkEvidence{
        configuration.wire(), size, {make_branch(first, size), make_branch(second, size)}});
  }
  return std::optional<ForkEvidence>();
}

ListComparison compare_shown(const ShownTree& a, const ShownTree& b) {
  const ShownTree& smaller = a.size < b.size ? a : b;
  const ShownTree& larger = a.size < b.size ? b : a;
  if (smaller.rightmost > larger.rightmost) return ListComparison::different;
  return compare_lists(a.distinguished, b.distinguished);
}

Result<ShownTree> verify_shown(const LogConfiguration& configuration,
                               const DistinguishedResponse& response, const RecentPolicy& recent) {
  KT_TRY(const Witness witness, verify_witness(configuration, response, recent));
  const auto whole = witness.tree.view_at(witness.tree.size());
  KT_ASSERT(whole.has_value());
  ShownTree shown{witness.tree.size(), whole->rightmost_entry().timestamp, {}};
  for (const EntryIndex entry : witness.distinguished) {
    auto view = witness.tree.view_at(size_through(entry));
    KT_ASSERT(view.has_value());
    shown.distinguished.push_back({*std::move(view)});
  }
  return shown;
}

}  // namespace kt::keytrans
