#include "forged_log.h"

#include <algorithm>

#include "keytrans/commitment.h"
#include "keytrans/hash.h"

namespace kt::keytrans {
namespace {

template <class Key>
Key copy_of_key(const Key& key) {
  const SecretBytes pem = must(key.to_pem());
  return must(Key::from_pem(key.suite(), pem.text()));
}

std::optional<SigningKey> copy_of_key(const std::optional<SigningKey>& key) {
  if (!key) return std::nullopt;
  return copy_of_key(*key);
}

}  // namespace

LogKeys copy_of(const LogKeys& keys) {
  return {copy_of_key(keys.signature), copy_of_key(keys.vrf), copy_of_key(keys.leaf),
          copy_of_key(keys.auditor)};
}

ForgedLog::ForgedLog(const Configuration& configuration, Keys keys)
    : configuration_(must(LogConfiguration::create(with_public_keys(configuration, keys->keys)))),
      keys_(std::move(keys)) {}

ForgedLog::ForgedLog(const Configuration& configuration)
    : ForgedLog(configuration, std::make_shared<const ForgersKeys>(
                                   test_keys(configuration.ciphersuite, configuration.mode, 0))) {}

ForgedLog::Stored ForgedLog::store(const Label& label, Version version, const Bytes& value) const {
  Stored stored;
  const Bytes number = vrf_input(label, version);
  const HashValue random = sha256({number, value});
  std::copy_n(random.begin(), stored.value.opening.size(), stored.value.opening.begin());
  stored.value.update.value = value;
  if (keys_->keys.leaf) {
    const auto [found, is_new] = keys_->signed_values.try_emplace({label, version, value});
    if (is_new)
      found->second =
          must(sign_update_value(*keys_->keys.leaf, configuration_.wire(), label, version, value));
    stored.value.update = found->second;
  }
  stored.commitment = must(commit({stored.value.opening, label, version, stored.value.update},
                                  configuration_.context()));
  return stored;
}

void ForgedLog::append(Timestamp timestamp, const std::vector<Change>& changes) {
  Entry next;
  if (!entries_.empty()) next = entries_.back();
  std::vector<PrefixLeaf> added;
  std::vector<HashValue> removed;
  for (const Change& change : changes) {
    const HashValue key = must(vrf(change.label, change.version)).output;
    auto& versions = next.contents[change.label];
    if (versions.erase(change.version) > 0) removed.push_back(key);
    if (!change.value) continue;
    const Stored stored = store(change.label, change.version, *change.value);
    added.push_back({key, stored.commitment});
    versions.emplace(change.version, stored);
  }
  next.prefix_tree = must(prefix_update(prefix_nodes_, next.prefix_tree, added, removed));
  next.entry = {timestamp, next.prefix_tree.hash};
  tree_.append(log_leaf_value(timestamp, next.prefix_tree.hash));
  entries_.push_back(std::move(next));
  show(size());
}

void ForgedLog::show(TreeSize size) {
  tree_head_ = must(sign_tree_head(keys_->keys.signature, configuration_.wire(), size, root(size)));
  if (!keys_->keys.auditor) return;
  auditor_tree_head_ =
      must(sign_auditor_tree_head(*keys_->keys.auditor, configuration_.wire(),
                                  must(entry(rightmost(size))).timestamp, size, root(size)));
}

HashValue ForgedLog::root(TreeSize size) const {
  std::vector<HashValue> heads;
  for (const Subtree& subtree : full_subtrees(size)) heads.push_back(must(tree_.node(subtree)));
  return log_root(size, heads);
}

Result<LogEntry> ForgedLog::entry(EntryIndex index) const {
  return entries_.at(index.value()).entry;
}

Result<PrefixChild> ForgedLog::prefix_tree(EntryIndex index) const {
  return entries_.at(index.value()).prefix_tree;
}

Result<std::optional<Version>> ForgedLog::greatest_version(const Label& label,
                                                           EntryIndex at) const {
  const Contents& contents = entries_.at(at.value()).contents;
  const auto found = contents.find(label);
  if (found == contents.end() || found->second.empty()) return std::optional<Version>();
  return std::optional<Version>(found->second.rbegin()->first);
}

Result<EntryIndex> ForgedLog::position(const Label& label, Version version) const {
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const auto found = entries_[i].contents.find(label);
    if (found != entries_[i].contents.end() && found->second.contains(version))
      return EntryIndex{i};
  }
  return fail(Errc::not_found, "there is no such version of the label");
}

Result<VrfOutputAndProof> ForgedLog::vrf(const Label& label, Version version) const {
  auto& known = keys_->vrf_outputs;
  const auto found = known.find({label, version});
  if (found != known.end()) return found->second;
  KT_TRY(VrfOutputAndProof output, keys_->keys.vrf.prove(vrf_input(label, version)));
  return known.emplace(std::pair(label, version), std::move(output)).first->second;
}

// The version as the rightmost shown entry has it, or else the last one that does.
Result<const ForgedLog::Stored*> ForgedLog::find(const Label& label, Version version) const {
  for (std::uint64_t i = tree_head_.tree_size.value(); i > 0; --i) {
    const Contents& contents = entries_[i - 1].contents;
    const auto versions = contents.find(label);
    if (versions == contents.end()) continue;
    const auto found = versions->second.find(version);
    if (found != versions->second.end()) return &found->second;
  }
  return fail(Errc::not_found, "there is no such version of the label");
}

Result<HashValue> ForgedLog::commitment(const Label& label, Version version) const {
  KT_TRY(const Stored* const stored, find(label, version));
  return stored->commitment;
}

Result<CommittedValue> ForgedLog::value(const Label& label, Version version) const {
  KT_TRY(const Stored* const stored, find(label, version));
  return stored->value;
}

}  // namespace kt::keytrans
