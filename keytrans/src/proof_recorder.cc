#include "keytrans/proof_recorder.h"

#include <algorithm>
#include <string>
#include <vector>

#include "keytrans/ibst.h"

namespace kt::keytrans {
namespace {

bool is_retained(EntryIndex entry, std::optional<TreeSize> retained) {
  if (!retained || entry >= EntryIndex{retained->value()}) return false;
  const std::vector<EntryIndex> entries = frontier(*retained);
  return std::binary_search(entries.begin(), entries.end(), entry);
}

// Vector lengths of one octet.
constexpr std::size_t kMaxElements = 255;

}  // namespace

ProofRecorder::ProofRecorder(const LogSource& source, const Label* label,
                             std::optional<TreeSize> retained)
    : source_(source), label_(label), retained_(retained) {}

Result<Timestamp> ProofRecorder::timestamp(EntryIndex entry) {
  if (const auto found = known_.find(entry); found != known_.end())
    return found->second.entry.timestamp;
  KT_TRY(const LogEntry read, source_.entry(entry));
  const bool retained = is_retained(entry, retained_);
  known_.emplace(entry, Known{read, !retained, retained});
  if (!retained) proof_.timestamps.push_back(read.timestamp);
  return read.timestamp;
}

Result<HashValue> ProofRecorder::search_key(Version version) {
  if (const auto found = search_keys_.find(version); found != search_keys_.end())
    return found->second;
  KT_TRY(const VrfOutputAndProof vrf, source_.vrf(*label_, version));
  search_keys_.emplace(version, vrf.output);
  return vrf.output;
}

Result<void> ProofRecorder::lookup(EntryIndex entry, LookupPlan& plan) {
  KT_ASSERT(label_ != nullptr);
  const auto known = known_.find(entry);
  KT_ASSERT(known != known_.end());
  KT_TRY(const auto greatest, source_.greatest_version(*label_, entry));
  std::vector<HashValue> keys;
  std::vector<bool> expected;
  while (const auto version = plan.next()) {
    KT_TRY(const HashValue key, search_key(*version));
    keys.push_back(key);
    expected.push_back(greatest && *version <= *greatest);
    plan.answer(expected.back());
  }
  KT_TRY(const PrefixChild root, source_.prefix_tree(entry));
  KT_TRY(PrefixSearchAnswer answer, prefix_search(source_.prefix_nodes(), root, keys));
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const bool included = answer.proof.results[i].result_type == PrefixSearchResultType::inclusion;
    if (included != expected[i])
      return fail(Errc::corrupt, "the prefix tree of log entry " + std::to_string(entry.value()) +
                                     " contradicts the log's record of a label");
  }
  known->second.prefix_known = true;
  proof_.prefix_proofs.push_back(std::move(answer.proof));
  return {};
}

Result<CombinedTreeProof> ProofRecorder::finish(TreeSize size, std::optional<TreeSize> auditor) {
  std::vector<EntryIndex> leaves;
  for (const auto& [index, known] : known_) {
    if (known.given) leaves.push_back(index);
    if (!known.prefix_known) proof_.prefix_roots.push_back(known.entry.prefix_tree);
  }
  if (proof_.timestamps.size() > kMaxElements || proof_.prefix_proofs.size() > kMaxElements)
    return fail(Errc::rejected, "the request needs a larger proof than one response can hold");
  KT_TRY(proof_.inclusion.elements,
         prove_batch(source_.log_nodes(), size, leaves, retained_, auditor));
  return std::move(proof_);
}

}  // namespace kt::keytrans
